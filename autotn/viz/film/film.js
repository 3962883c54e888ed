// The film: one position in the list of steps, shown in the picture and in the panel; controls and keys.

class Film {
  constructor(scene) {
    this.model = new Model(scene);
    const find = (id) => document.getElementById(id);
    this.ui = Object.fromEntries(
      [
        "picture",
        "tip",
        "panel",
        "slider",
        "where",
        "play",
        "search",
        "hits",
        "say",
        "keys",
        "inside",
        "count",
        "overlay",
        "legend",
      ].map((id) => [id, find(id)]),
    );
    this.canvas = new Canvas(this.model, this.ui.picture, this.ui.tip, {
      select: (item) => this.select(item),
      toggle: (item) => this.toggle(item),
      tip: (item) => this.tip(item),
      lineTip: (link) => this.lineTip(link),
    });
    this.panel = new Panel(this.model, this.ui.panel, {
      go: (item) => this.go(item),
      step: (k) => this.to(k),
      toggle: (item) => this.toggle(item),
      fold: (item) => this.fold(item),
      trail: (t) => this.mark(t),
    });
    this.done = 0;
    this.selected = null;
    this.trail = new Set();
    this.timer = null;
    this.ui.slider.max = this.model.steps.length;
    this.ui.slider.style.setProperty("--track", this.track());
    this.plainLegend = [...this.ui.legend.children];
    this.model.overlays.forEach((o, k) =>
      this.ui.overlay.append(html("option", { value: k }, o.title.replace(" (log scale)", ""))),
    );
    this.ui.overlay.value = this.model.overlay;
    this.controls();
    this.legend();
    this.keyboard();
    this.canvas.begin();
    this.panel.box(null, 0);
    this.update();
  }

  // The slider's two colours: forward and backward.
  track() {
    const { steps } = this.model,
      stops = [];
    const kind = (s) => (steps[s].kind === "forward" ? "var(--track-forward)" : "var(--track-back)");
    for (let s = 0; s < steps.length; s++) {
      if (s && kind(s) === kind(s - 1)) continue;
      let end = s;
      while (end < steps.length && kind(end) === kind(s)) end++;
      stops.push(`${kind(s)} ${(100 * s) / steps.length}% ${(100 * end) / steps.length}%`);
    }
    return stops.length ? `linear-gradient(to right, ${stops.join(", ")})` : "none";
  }

  // To where the next backward begins; from the last one to the first.
  nextBackward() {
    const begins = this.model.steps.map((s, k) => (s.kind === "seed" ? k + 1 : 0)).filter(Boolean);
    const next = begins.find((k) => k > this.done) ?? begins[0];
    if (next) this.to(next);
  }

  // -- position -------------------------------------------------------------------------------------------------------

  to(k, follow = true) {
    const last = this.model.steps.length;
    this.done = Math.max(0, Math.min(last, k));
    this.trail.clear();
    this.selected = null;
    const step = this.model.steps[this.done - 1];
    if (step) this.turn("n" + step.node);
    if (step && this.ui.inside.checked && this.model.shown("n" + step.node) !== "n" + step.node) {
      this.model.reveal("n" + step.node);
      this.redraw();
    }
    if (step) this.panel.step(this.done - 1);
    else this.panel.box(null, 0);
    this.ui.panel.scrollTop = 0;
    this.update();
    if (step && follow) this.canvas.show(this.model.shown("n" + step.node));
  }

  // On to the next step that another box shows, past all that happens inside the same one.
  leap(by) {
    const at = (k) => {
      const s = this.model.steps[k - 1];
      return s ? s.kind + this.model.shown("n" + s.node, true) : "";
    };
    let k = this.done + by;
    while (k > 0 && k < this.model.steps.length && at(k) === at(this.done)) k += by;
    this.to(k);
  }

  play() {
    if (this.timer) {
      clearInterval(this.timer);
      this.timer = null;
    } else {
      if (this.done >= this.model.steps.length) this.to(0);
      this.timer = setInterval(() => {
        this.to(this.done + 1);
        if (this.done >= this.model.steps.length) this.play();
      }, 700);
    }
    this.ui.play.textContent = this.timer ? "❚❚ Pause" : "▶ Play";
    this.ui.play.setAttribute("aria-pressed", String(!!this.timer));
  }

  // -- boxes ----------------------------------------------------------------------------------------------------------

  select(item) {
    this.selected = item;
    this.trail.clear();
    this.panel.box(item, this.done);
    this.ui.panel.scrollTop = 0;
    this.update();
    if (item) this.ui.say.textContent = this.canvas.spoken(item);
  }

  go(item) {
    this.model.reveal(item);
    this.redraw();
    this.select(item);
    this.canvas.show(item, true);
  }

  toggle(item) {
    const { model, canvas } = this;
    if (model.isOthers(item)) return this.fold(model.parent(item));
    const opened = !model.open.has(item);
    if (opened) model.open.add(item);
    else model.open.delete(item);
    this.drawAround(item);
    canvas.show(item);
    this.select(item);
    this.ui.say.textContent = `${model.titleOf(item)} ${opened ? "opened" : "closed"}`;
  }

  // Show all turns of a repetition, or one at a time.
  fold(around) {
    const { model } = this;
    if (model.now.has(around)) {
      const seen = model.turnsOf.get(around)[model.now.get(around)];
      model.now.delete(around);
      model.turnsOf.get(around).forEach((c) => c !== seen && model.likeOpened(seen, c));
    } else model.now.set(around, 0);
    model.open.add(around);
    this.drawAround(around);
    this.select(around);
    this.ui.say.textContent = `${model.titleOf(around)}: ${model.now.has(around) ? "one at a time" : "all shown"}`;
  }

  // Turn the repetitions around an item to where it is seen.
  turn(item) {
    const around = this.model.turnTo(item);
    if (around) this.drawAround(around);
  }

  // Draw anew; the upper left corner of an item stays where it is.
  drawAround(item) {
    const { canvas } = this,
      before = canvas.picture.boxes.get(item);
    canvas.draw();
    const after = canvas.picture.boxes.get(item);
    if (before && after) canvas.pan((before.x - after.x) * canvas.scale, (before.y - after.y) * canvas.scale);
  }

  // The nearest repetition around the selected box, or the box of the step.
  repetition() {
    const { model } = this,
      step = model.steps[this.done - 1],
      item = this.selected ?? (step && "n" + step.node);
    return item && model.wayOut(item).find((at) => model.turnsOf.has(at));
  }

  openAll() {
    this.model.now.clear();
    this.model.clusters.forEach((_, k) => this.model.open.add("c" + k));
    const whole = this.model.visible().length <= AT_MOST;
    if (!whole) this.model.foldAll();
    if (this.model.visible().length > AT_MOST) this.model.openUntil(AT_MOST);
    this.redraw();
    this.canvas.fit();
    this.ui.say.textContent = whole ? "all modules opened" : `opened as far as ${AT_MOST} boxes`;
  }

  closeAll() {
    this.model.open.clear();
    this.model.foldAll();
    this.redraw();
    this.canvas.readTop();
    this.ui.say.textContent = "all modules closed";
  }

  redraw() {
    this.canvas.draw();
    this.update();
  }

  mark(trail) {
    this.trail = new Set(trail.map((t) => t.node).filter((n) => n !== undefined));
    this.update();
    const last = trail.at(-1);
    if (last?.node !== undefined) this.canvas.show(this.model.shown("n" + last.node));
  }

  tip(item) {
    const { model } = this;
    if (model.isOthers(item)) {
      const { around, turns } = model.others(item),
        names = [turns[0], turns.at(-1)].map((c) => model.titleOf(c));
      return [model.titleOf(item), "of " + model.titleOf(around), turns.length > 1 ? names.join(" … ") : names[0]];
    }
    if (model.isCluster(item))
      return [
        model.cluster(item).label,
        `${model.inner.get(item)} nodes inside`,
        ...(model.cluster(item).facts ?? []).map(([k, v]) => `${k}: ${v}`),
      ];
    const n = model.node(item),
      lines = [n.label + (n.sub ? "  " + n.sub : "")];
    const path = model.path(item);
    if (path) lines.push("in " + path);
    if (n.place) lines.push(n.place + ": " + n.text);
    if (model.computedAt(+item.slice(1), this.done) || !this.done)
      for (const v of n.v) lines.push("value " + inWords(model.values[v].r));
    for (const v of n.v) {
      const g = model.gradientAt(v, this.done);
      if (g.count) lines.push("gradient " + inWords(g.reading));
    }
    return lines;
  }

  lineTip(link) {
    const { model } = this,
      values = [...link.values];
    const lines = values
      .slice(0, 6)
      .map(
        (v) =>
          `${nameOf(model, v)}: ${model.values[v].shape} ${model.values[v].dtype}, ${inWords(model.values[v].r)}`,
      );
    if (values.length > 6) lines.push(`and ${values.length - 6} more`);
    return [
      `${model.titleOf(link.from)} → ${model.titleOf(link.to)}`,
      ...lines,
      ...(link.cut ? ["history is cut off here"] : []),
    ];
  }

  // -- what is lit ----------------------------------------------------------------------------------------------------

  update() {
    const { model, canvas, done } = this,
      step = model.steps[done - 1];
    const active = step ? model.shown("n" + step.node) : null;
    const reached = new Map(),
      graded = new Map();
    model.nodes.forEach((n, k) => {
      const item = model.shown("n" + k);
      const computed = model.computedAt(k, done);
      reached.set(item, (reached.get(item) ?? true) && computed);
      for (const v of n.v) {
        const g = model.gradientAt(v, done);
        if (!g.count) continue;
        const was = graded.get(item) ?? { partly: false, ill: null };
        graded.set(item, { partly: was.partly || g.count < g.total, ill: was.ill ?? illOf(g.reading) });
      }
    });
    const trail = new Set([...this.trail].map((n) => model.shown("n" + n)));
    for (const [item, shape] of canvas.shapes) {
      const g = graded.get(item),
        list = shape.classList;
      list.toggle("waiting", done > 0 && !model.isOpen(item) && !reached.get(item));
      list.toggle("active", item === active);
      list.toggle("backward", item === active && step.kind !== "forward");
      list.toggle("graded", !!g);
      list.toggle("partly", !!g?.partly);
      list.toggle("ill", !!g?.ill && g.ill !== "zero");
      list.toggle("selected", item === this.selected);
      list.toggle("trail", trail.has(item));
    }
    const lit = new Set();
    if (step) {
      const wanted = step.kind === "forward" ? step.ins : (step.flows ?? []).map((f) => f.value);
      canvas.links.forEach((link, k) => {
        if (link.to === active && wanted.some((v) => link.values.has(v))) lit.add(k);
      });
    }
    const kind = step?.kind === "forward" ? "forward" : "backward";
    canvas.lines.forEach((line, k) => {
      line.classList.toggle("lit", lit.has(k));
      line.classList.toggle("backward", lit.has(k) && kind === "backward");
      line.setAttribute(
        "marker-end",
        lit.has(k) && kind === "forward" ? "url(#head-forward)" : lit.has(k) ? "none" : "url(#head-plain)",
      );
      line.setAttribute("marker-start", lit.has(k) && kind === "backward" ? "url(#head-backward)" : "none");
      if (this.selected)
        line.classList.toggle(
          "near",
          canvas.links[k].from === this.selected || canvas.links[k].to === this.selected,
        );
      else line.classList.remove("near");
    });
    this.ui.slider.value = done;
    const words = this.words(step);
    this.ui.where.textContent = words;
    this.ui.slider.setAttribute("aria-valuetext", words);
    this.ui.count.textContent = `${model.visible().length} of ${model.nodes.length} boxes`;
  }

  words(step) {
    const all = this.model.steps.length;
    if (!step) return all ? `before the run · ${counted(all, "step")}` : "nothing ran";
    const label = this.model.nodes[step.node].label;
    const verb = {
      forward: "forward",
      seed: "backward begins at",
      pull: "backward through",
      store: "gradient stored in",
    }[step.kind];
    return `step ${this.done} of ${all} · ${verb} ${label}`;
  }

  // -- controls -------------------------------------------------------------------------------------------------------

  controls() {
    const actions = {
      first: () => this.to(0),
      back: () => this.to(this.done - 1),
      play: () => this.play(),
      on: () => this.to(this.done + 1),
      last: () => this.to(this.model.steps.length),
      half: () => this.nextBackward(),
      opened: () => this.openAll(),
      closed: () => this.closeAll(),
      fit: () => this.canvas.fit(),
      larger: () => this.canvas.zoom(1.25),
      smaller: () => this.canvas.zoom(0.8),
      help: () => this.help(),
    };
    for (const button of document.querySelectorAll("[data-do]"))
      button.addEventListener("click", () => actions[button.dataset.do]());
    this.ui.slider.addEventListener("input", () => this.to(+this.ui.slider.value));
    this.ui.overlay.addEventListener("change", () => this.colourBy(+this.ui.overlay.value));
    const { search, hits } = this.ui;
    search.addEventListener("input", () => this.find(search.value));
    search.addEventListener("keydown", (event) => {
      const options = [...hits.querySelectorAll("button")];
      if (event.key === "Enter" && options.length) {
        event.preventDefault();
        options[0].click();
      }
      if (event.key === "ArrowDown" && options.length) {
        event.preventDefault();
        options[0].focus();
      }
      if (event.key === "Escape") {
        search.value = "";
        this.find("");
        this.ui.picture.focus();
      }
    });
    hits.addEventListener("keydown", (event) => {
      const options = [...hits.querySelectorAll("button")],
        at = options.indexOf(document.activeElement);
      const next = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
      if (next !== undefined) {
        event.preventDefault();
        (options[next] ?? search).focus();
      }
      if (event.key === "Escape") {
        this.find("");
        search.focus();
      }
    });
    addEventListener("resize", () => this.canvas.place());
  }

  // The boxes take the colours of an overlay, and their figures stand where shapes stood.
  colourBy(k) {
    this.model.overlay = k;
    this.ui.overlay.value = k;
    this.legend();
    this.redraw();
  }

  legend() {
    const o = this.model.overlays[this.model.overlay];
    const entry = ([colour, words]) =>
      html("li", { class: "figure" }, html("span", { style: `background:${colour}` }), words);
    this.ui.legend.replaceChildren(
      ...(o ? [html("li", { class: "figure" }, o.title + ":"), ...o.legend.map(entry)] : this.plainLegend),
    );
  }

  find(words) {
    const { hits } = this.ui,
      { model } = this;
    const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [];
    if (parts.length) {
      const text = (item) => {
        if (model.isCluster(item))
          return [model.cluster(item).label, model.path(item), model.cluster(item).name].join(" ");
        const n = model.node(item);
        return [
          n.label,
          n.kind,
          n.sub,
          n.place,
          n.text,
          n.name,
          model.path(item),
          ...n.v.map((v) => model.values[v].name),
        ].join(" ");
      };
      const all = [...model.clusters.map((_, k) => "c" + k), ...model.nodes.map((_, k) => "n" + k)];
      for (const item of all) if (parts.every((p) => text(item).toLowerCase().includes(p))) found.push(item);
    }
    const shown = found.slice(0, 40).map((item) =>
      html(
        "li",
        {},
        html(
          "button",
          {
            type: "button",
            onclick: () => {
              this.find("");
              this.go(item);
              this.ui.picture.focus();
            },
          },
          html("b", {}, model.titleOf(item)),
          ` ${model.isCluster(item) ? "module" : (model.node(item).sub ?? "")} `,
          html("small", {}, model.path(model.isCluster(item) ? model.parent(item) : item) || ""),
        ),
      ),
    );
    if (parts.length)
      shown.push(
        html(
          "li",
          { class: "muted" },
          found.length
            ? `${found.length} found${found.length > 40 ? ", the first 40 are shown" : ""}`
            : "nothing found",
        ),
      );
    hits.replaceChildren(...shown);
    hits.hidden = !parts.length;
  }

  help() {
    this.ui.keys.open ? this.ui.keys.close() : this.ui.keys.showModal();
  }

  // The nearest box before, behind, above or below the selected one.
  move(key) {
    const { model, canvas } = this,
      item = this.selected ?? model.shown("n" + (model.steps[this.done - 1]?.node ?? 0));
    if (key === "n" || key === "p") {
      const all = [...canvas.shapes.keys()].sort(
        (a, b) =>
          canvas.picture.boxes.get(a).y - canvas.picture.boxes.get(b).y ||
          canvas.picture.boxes.get(a).x - canvas.picture.boxes.get(b).x,
      );
      const at = this.selected ? all.indexOf(item) + (key === "n" ? 1 : -1) : 0;
      return this.moveTo(all[(at + all.length) % all.length]);
    }
    if (key === "ArrowDown" && model.isCluster(item) && model.isOpen(item))
      return this.moveTo(model.children(item)[0]);
    const side = key === "ArrowUp" ? ["to", "from"] : ["from", "to"];
    const link = canvas.links.find((l) => l[side[0]] === item);
    if (link) this.moveTo(link[side[1]]);
  }

  moveTo(item) {
    this.select(item);
    this.canvas.show(item);
  }

  keyboard() {
    addEventListener("keydown", (event) => {
      const inField = event.target.closest?.("input[type=search], select, dialog");
      if (event.ctrlKey || event.metaKey || event.altKey || (inField && event.key !== "F1")) return;
      const onButton = event.target.closest?.("button, summary, input");
      const pans = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
      const keys = {
        ArrowRight: () => this.to(this.done + 1),
        ArrowLeft: () => this.to(this.done - 1),
        PageDown: () => this.leap(1),
        PageUp: () => this.leap(-1),
        Home: () => this.to(0),
        End: () => this.to(this.model.steps.length),
        b: () => this.nextBackward(),
        ArrowUp: () => this.move("ArrowUp"),
        ArrowDown: () => this.move("ArrowDown"),
        n: () => this.move("n"),
        p: () => this.move("p"),
        "+": () => this.canvas.zoom(1.25),
        "=": () => this.canvas.zoom(1.25),
        "-": () => this.canvas.zoom(0.8),
        0: () => this.canvas.fit(),
        "/": () => this.ui.search.focus(),
        "?": () => this.help(),
        o: () => this.openAll(),
        c: () => this.closeAll(),
        f: () => {
          const around = this.repetition();
          if (around) this.fold(around);
        },
        Escape: () => {
          if (this.done) this.to(this.done);
          else this.select(null);
        },
        " ": onButton ? null : () => this.play(),
        Enter:
          onButton || !this.selected
            ? null
            : () => {
                if (this.canvas.holds(this.selected)) this.toggle(this.selected);
              },
      };
      const action =
        event.shiftKey && pans[event.key] ? () => this.canvas.pan(...pans[event.key]) : keys[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    });
  }
}

window.film = new Film(JSON.parse(document.getElementById("scene").textContent));
