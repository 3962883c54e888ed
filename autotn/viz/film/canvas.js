// The picture: boxes and lines as SVG, zoom, pan, the pointer and the tooltip.

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes, parent, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  parent?.append(element);
  return element;
}

function html(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

class Canvas {
  constructor(model, element, tip, on) {
    this.model = model;
    this.element = element;
    this.tip = tip;
    this.on = on;
    const pen = document.createElement("canvas").getContext("2d");
    this.width = (text, font) => {
      pen.font = font;
      return pen.measureText(text).width;
    };
    this.defineMarkers();
    this.sheet = svg("g", {}, element);
    this.scale = 1;
    this.x = 0;
    this.y = 0;
    this.pointer();
  }

  defineMarkers() {
    const defs = svg("defs", {}, this.element);
    for (const name of ["plain", "forward", "backward"]) {
      const marker = svg(
        "marker",
        {
          id: "head-" + name,
          viewBox: "0 0 8 8",
          refX: 7,
          refY: 4,
          markerUnits: "userSpaceOnUse",
          markerWidth: name === "plain" ? 8 : 12,
          markerHeight: name === "plain" ? 8 : 12,
          orient: "auto-start-reverse",
        },
        defs,
      );
      svg("path", { d: "M0 0.5 L8 4 L0 7.5 z", class: "head " + name }, marker);
    }
  }

  labels(item) {
    const coloured = this.model.colour(item);
    if (this.model.isOthers(item)) return [this.model.othersLabel(item), "built alike"];
    if (this.model.isCluster(item)) {
      const c = this.model.cluster(item),
        inside = this.model.inner.get(item);
      return [cut(c.label, 34), coloured?.[1] ?? `${inside} ${inside === 1 ? "node" : "nodes"} inside`];
    }
    const n = this.model.node(item);
    if (coloured) return [cut(n.label, 30), coloured[1]];
    return n.sub ? [cut(n.label, 30), cut(n.sub, 34)] : [cut(n.label, 30)];
  }

  measure(item) {
    const [label, sub] = this.labels(item),
      cluster = this.holds(item);
    const text = Math.max(this.width(label, FONT), sub ? this.width(sub, SMALL) : 0);
    const small = !cluster && this.model.node(item).kind === "plumbing";
    return [Math.max(small ? 30 : 44, text + (cluster ? 46 : 22)), sub ? (small ? 37 : 40) : 26];
  }

  // True for a box that can be opened.
  holds(item) {
    return this.model.isCluster(item) || this.model.isOthers(item);
  }

  draw() {
    const { model } = this;
    const view = model.view(
      (item) => this.measure(item),
      (c) => this.width(cut(model.cluster(c).label, 40), FONT) + 64,
    );
    this.picture = layoutView(view);
    this.links = view.links;
    this.sheet.replaceChildren();
    this.shapes = new Map();
    const back = svg("g", {}, this.sheet),
      lines = svg("g", {}, this.sheet),
      front = svg("g", {}, this.sheet);
    this.lines = this.links.map((link, k) => {
      const line = svg(
        "path",
        {
          d: curve(this.picture.lines[k]),
          class: link.cut ? "line cut" : "line",
          "marker-end": "url(#head-plain)",
        },
        lines,
      );
      svg("path", { d: line.getAttribute("d"), class: "reach", "data-link": k }, lines);
      if (link.values.size > 1) line.setAttribute("stroke-width", Math.min(4, 1.2 + 0.5 * link.values.size));
      return line;
    });
    const sorted = [...this.picture.boxes].sort(([a], [b]) => depth(model, a) - depth(model, b));
    for (const [item, box] of sorted) {
      this.shapes.set(
        item,
        model.isOpen(item) ? this.drawFrame(item, box, back, front) : this.drawBox(item, box, front),
      );
    }
  }

  drawFrame(item, box, parent, front) {
    const g = svg("g", { class: "frame", "data-item": item }, parent);
    svg(
      "rect",
      {
        x: box.x,
        y: box.y,
        width: box.w,
        height: box.h,
        rx: 8,
        class: depth(this.model, item) % 2 ? "odd" : "even",
      },
      g,
    );
    const head = svg("g", { class: "frame", "data-item": item }, front);
    svg(
      "text",
      { x: box.x + 30, y: box.y + 18, class: "name" },
      head,
      cut(this.model.cluster(item).label, 40),
    );
    this.handle(item, box.x + 8, box.y + 6, false, head);
    return g;
  }

  drawBox(item, box, parent) {
    const cluster = this.holds(item),
      kind = this.model.isOthers(item) ? "module others" : cluster ? "module" : this.model.node(item).kind;
    const [label, sub] = this.labels(item);
    const g = svg(
      "g",
      { class: "box " + kind, "data-item": item, role: "button", "aria-label": this.spoken(item) },
      parent,
    );
    const round = { input: 20, output: 20, parameter: 12, buffer: 12, constant: 12, plumbing: 4 }[kind] ?? 6;
    if (cluster)
      svg("rect", { x: box.x + 4, y: box.y + 4, width: box.w, height: box.h, rx: round, class: "shadow" }, g);
    svg(
      "rect",
      { x: box.x, y: box.y, width: box.w, height: box.h, rx: Math.min(round, box.h / 2), class: "body" },
      g,
    );
    const middle = box.x + box.w / 2 + (cluster ? 10 : 0);
    svg("text", { x: middle, y: box.y + 17, "text-anchor": "middle", class: "label" }, g, label);
    if (sub) svg("text", { x: middle, y: box.y + box.h - 8, "text-anchor": "middle", class: "sub" }, g, sub);
    if (cluster) this.handle(item, box.x + 8, box.y + 12, true, g);
    const colour = this.model.colour(item)?.[0];
    if (colour) {
      g.querySelector(".body").style.fill = colour;
      for (const text of g.querySelectorAll("text")) text.style.fill = inkOn(colour);
    }
    return g;
  }

  handle(item, x, y, closed, parent) {
    const name = this.model.titleOf(item);
    const g = svg(
      "g",
      {
        class: "handle",
        "data-handle": item,
        role: "button",
        "aria-label": (closed ? "open " : "close ") + name,
      },
      parent,
    );
    svg("rect", { x, y, width: 16, height: 16, rx: 3 }, g);
    svg("path", { d: `M${x + 4} ${y + 8}h8` + (closed ? `M${x + 8} ${y + 4}v8` : "") }, g);
  }

  spoken(item) {
    if (this.model.isOthers(item)) return `${this.model.titleOf(item)}, built alike, folded`;
    if (this.model.isCluster(item)) return `module ${this.labels(item).join(", ")}, closed`;
    const n = this.model.node(item);
    return [n.kind, n.label, n.sub, this.model.path(item) && "in " + this.model.path(item)]
      .filter(Boolean)
      .join(", ");
  }

  // -- zoom and pan ---------------------------------------------------------------------------------------------------

  place() {
    this.sheet.setAttribute("transform", `translate(${this.x} ${this.y}) scale(${this.scale})`);
  }

  fit() {
    const { width, height } = this.element.getBoundingClientRect();
    const { w, h } = this.picture;
    this.scale = Math.max(0.05, Math.min(1.5, (width - 40) / Math.max(w, 1), (height - 40) / Math.max(h, 1)));
    this.x = (width - w * this.scale) / 2;
    this.y = (height - h * this.scale) / 2;
    this.place();
  }

  // A beginning that can be read: as many levels opened as fit the window in letters that can be read.
  begin() {
    const { model } = this;
    let opened = model.openUntil(START_WITH);
    for (this.draw(), this.fit(); this.scale < LEGIBLE && opened > 0; this.draw(), this.fit()) {
      model.levels()[--opened].forEach((c) => model.open.delete(c));
    }
    this.readTop();
  }

  // The whole if that is legible, else the top of it.
  readTop() {
    this.fit();
    if (this.scale >= LEGIBLE) return;
    const { width } = this.element.getBoundingClientRect();
    const boxes = [...this.picture.boxes].filter(([item]) => !this.model.isOpen(item)).map(([, box]) => box);
    const top = Math.min(...boxes.map((b) => b.y)),
      upper = boxes.filter((b) => b.y < top + 60);
    const middle = upper.reduce((sum, b) => sum + b.x + b.w / 2, 0) / upper.length;
    this.scale = 0.8;
    this.x = width / 2 - middle * this.scale;
    this.y = 20 - top * this.scale;
    this.place();
  }

  zoom(factor, cx, cy) {
    const { width, height } = this.element.getBoundingClientRect();
    cx ??= width / 2;
    cy ??= height / 2;
    const scale = Math.max(0.05, Math.min(4, this.scale * factor));
    this.x = cx - ((cx - this.x) * scale) / this.scale;
    this.y = cy - ((cy - this.y) * scale) / this.scale;
    this.scale = scale;
    this.place();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.place();
  }

  // Move so that a box is seen, and only then; with `centre`, to the middle.
  show(item, centre = false) {
    const box = this.picture.boxes.get(item);
    if (!box) return;
    const { width, height } = this.element.getBoundingClientRect();
    if (centre && this.scale < 0.5) this.scale = 0.8;
    const x = box.x * this.scale + this.x,
      y = box.y * this.scale + this.y;
    const w = box.w * this.scale,
      h = box.h * this.scale;
    if (centre || x < 20 || y < 20 || x + w > width - 20 || y + h > height - 20) {
      this.x += width / 2 - x - w / 2;
      this.y += height / 2 - y - h / 2;
    }
    this.place();
  }

  pointer() {
    const { element } = this;
    let drag = null;
    element.addEventListener("pointerdown", (event) => {
      drag = { x: event.clientX, y: event.clientY, moved: 0, target: event.target };
    });
    element.addEventListener("pointermove", (event) => {
      if (!drag) return;
      const dx = event.clientX - drag.x,
        dy = event.clientY - drag.y;
      drag.moved += Math.abs(dx) + Math.abs(dy);
      if (drag.moved > 4) {
        element.setPointerCapture?.(event.pointerId);
        this.pan(dx, dy);
        this.hideTip();
      }
      drag.x = event.clientX;
      drag.y = event.clientY;
    });
    element.addEventListener("pointerup", () => {
      const was = drag;
      drag = null;
      if (!was || was.moved > 4) return;
      const handle = was.target.closest?.("[data-handle]");
      if (handle) return this.on.toggle(handle.dataset.handle);
      this.on.select(was.target.closest?.("[data-item]")?.dataset.item ?? null);
    });
    element.addEventListener("pointercancel", () => {
      drag = null;
    });
    element.addEventListener("dblclick", (event) => {
      const item = event.target.closest?.("[data-item]")?.dataset.item;
      if (item && this.holds(item) && !event.target.closest("[data-handle]")) this.on.toggle(item);
    });
    element.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const { left, top } = element.getBoundingClientRect();
        this.zoom(
          Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)),
          event.clientX - left,
          event.clientY - top,
        );
      },
      { passive: false },
    );
    element.addEventListener("mouseover", (event) => {
      const item = event.target.closest?.("[data-item]")?.dataset.item,
        link = event.target.dataset?.link;
      if (drag || (!item && link === undefined)) this.hideTip();
      else
        this.showTip(
          item ? this.on.tip(item) : this.on.lineTip(this.links[link]),
          event.clientX,
          event.clientY,
        );
    });
    element.addEventListener("mouseleave", () => this.hideTip());
  }

  showTip(lines, x, y) {
    this.tip.replaceChildren(...lines.map((line, k) => html("div", { class: k ? "" : "first" }, line)));
    this.tip.hidden = false;
    const { width, height } = this.tip.getBoundingClientRect();
    this.tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - width - 6)) + "px";
    this.tip.style.top = Math.max(4, y + 18 + height > innerHeight ? y - height - 10 : y + 18) + "px";
  }

  hideTip() {
    this.tip.hidden = true;
  }
}

// The smallest scale at which labels can be read.
const LEGIBLE = 0.5;
const FONT = "600 13px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
const SMALL = "11px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

// Black or white, whichever is easier to read on a colour.
function inkOn(colour) {
  const light = [1, 3, 5]
    .map((k) => parseInt(colour.slice(k, k + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] > 0.179 ? "#000000" : "#ffffff";
}

function cut(text, most) {
  return text.length <= most ? text : text.slice(0, most - 1) + "…";
}

function depth(model, item) {
  let count = 0;
  for (let c = model.parent(item); c !== null; c = model.parent(c)) count++;
  return count;
}

// A line through points, upright at each of them.
function curve(points) {
  let d = `M${round(points[0][0])} ${round(points[0][1])}`;
  for (let k = 1; k < points.length; k++) {
    const [x0, y0] = points[k - 1],
      [x, y] = points[k];
    if (Math.abs(x - x0) < 0.5) d += `L${round(x)} ${round(y)}`;
    else {
      const bend = Math.max(Math.abs(y - y0) / 2, 8);
      d += `C${round(x0)} ${round(y0 + bend)} ${round(x)} ${round(y - bend)} ${round(x)} ${round(y)}`;
    }
  }
  return d;
}

function round(x) {
  return Math.round(x * 10) / 10;
}
