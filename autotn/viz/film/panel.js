// The panel beside the picture: what a box is, what a step does, and the figures as tables and bars.

function heading(text, level = "h3") {
  return html(level, {}, text);
}

function facts(rows) {
  const body = rows
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([name, value]) => html("tr", {}, html("th", { scope: "row" }, name), html("td", {}, value)));
  return html("table", { class: "facts" }, html("tbody", {}, ...body));
}

// A reading in full: whole values as a grid of cells, else figures and bars.
function figure(r, caption) {
  const box = html("div", { class: "reading" });
  if (caption) box.append(html("div", { class: "caption" }, caption));
  if (!r) {
    box.append(html("p", { class: "muted" }, "not measured"));
    return box;
  }
  if (r.n === 0) {
    box.append(html("p", { class: "muted" }, "empty: no elements"));
    return box;
  }
  if (r.d !== undefined) box.append(grid(r));
  if (r.n > (r.d === undefined ? 1 : 8)) {
    // a few elements speak for themselves
    const ills = [
      ["zero", r.zeros],
      ["nan", r.nans],
      ["inf", r.infs],
    ]
      .filter(([, n]) => n)
      .map(([name, n]) => `${n} ${name}`)
      .join(", ");
    const parts =
      r.min === undefined
        ? []
        : [
            `min ${number(r.min)}`,
            `max ${number(r.max)}`,
            `mean ${number(r.mean)}`,
            `std ${number(r.std)}`,
            `norm ${number(r.norm)}`,
          ];
    if (ills) parts.push(ills + ` of ${r.n}`);
    box.append(html("p", { class: "figures" }, ...parts.map((p) => html("span", {}, p))));
  }
  if (r.h && r.n > 1 && r.d === undefined) box.append(bars(r));
  return box;
}

function grid(r) {
  const rows = toRows(r.d),
    most = Math.max(1e-30, ...rows.flat().map((x) => (typeof x === "number" ? Math.abs(x) : 0)));
  const cell = (x) => {
    const share = typeof x === "number" ? x / most : 0;
    const shade = Math.round(Math.min(1, Math.abs(share)) * 55);
    const colour =
      typeof x !== "number"
        ? /nan|inf/.test(x)
          ? "var(--failure)"
          : "none"
        : share >= 0
          ? `rgba(0,114,178,${shade / 100})`
          : `rgba(213,94,0,${shade / 100})`;
    return html("td", { style: `background:${colour}` }, number(x));
  };
  const high = Array.isArray(r.d) && Array.isArray(r.d[0]) && Array.isArray(r.d[0][0]) ? lastButOne(r.d) : 0;
  const line = (row, k) =>
    html("tr", { class: high && k && k % high === 0 ? "block" : undefined }, ...row.map(cell));
  const table = html("table", { class: "grid" }, html("tbody", {}, ...rows.map(line)));
  return html("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "values" }, table);
}

// How many rows each of the innermost matrices has.
function lastButOne(d) {
  while (Array.isArray(d[0][0])) d = d[0];
  return d.length;
}

// Nested lists as rows: the last axis runs along a row.
function toRows(d) {
  if (!Array.isArray(d)) return [[d]];
  if (!Array.isArray(d[0])) return [d];
  return d.flatMap(toRows);
}

function bars(r) {
  const most = Math.max(...r.h),
    w = 15,
    high = 44;
  const words = `histogram from ${number(r.min)} to ${number(r.max)}: ${r.h.join(", ")}`;
  const picture = svg("svg", {
    viewBox: `0 0 ${w * r.h.length} ${high + 14}`,
    class: "bars",
    role: "img",
    "aria-label": words,
  });
  r.h.forEach((n, k) => {
    const h = most ? Math.max(n ? 1.5 : 0, (high * n) / most) : 0;
    svg("rect", { x: k * w + 1, y: high - h, width: w - 2, height: h }, picture);
  });
  svg("text", { x: 0, y: high + 12 }, picture, number(r.min));
  svg("text", { x: w * r.h.length, y: high + 12, "text-anchor": "end" }, picture, number(r.max));
  return picture;
}

function counted(n, what) {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

function formulaLine(text) {
  return html("p", { class: "formula" }, text);
}

function proofBox(proof) {
  const box = html("details", { class: "proof" }, html("summary", {}, "Finite-difference proof"));
  if (!proof) return null;
  if (proof.reason) {
    box.append(html("p", {}, "Not available: " + proof.reason + "."));
    return box;
  }
  box.append(
    html(
      "p",
      {},
      "Each input was moved by ±h along a fixed direction d, in double precision, with the others held. " +
        "Σ upstream · (f(x + h·d) − f(x − h·d)) / 2h must equal Σ product · d.",
    ),
  );
  const verdicts = {
    agree: "✓ agree",
    differ: "✗ differ",
    kink: "kink: the slopes to both sides differ, the rule gives one",
  };
  const row = (c) =>
    html(
      "tr",
      { class: c.verdict },
      html("th", { scope: "row" }, c.role),
      html("td", {}, number(c.numeric)),
      html("td", {}, number(c.analytic)),
      html("td", {}, verdicts[c.verdict]),
    );
  box.append(
    html(
      "table",
      { class: "facts" },
      html(
        "thead",
        {},
        html(
          "tr",
          {},
          ...["input", "by differences", "by the rule", ""].map((t) => html("th", { scope: "col" }, t)),
        ),
      ),
      html("tbody", {}, ...proof.checks.map(row)),
    ),
  );
  return box;
}

class Panel {
  constructor(model, element, on) {
    this.model = model;
    this.element = element;
    this.on = on;
  }

  link(node, text) {
    return html("button", { class: "link", type: "button", onclick: () => this.on.go("n" + node) }, text);
  }

  // What the box is, and what is known of it after so many steps.
  box(item, done) {
    const { model } = this;
    if (!item) return this.element.replaceChildren(...this.intro());
    if (model.isOthers(item)) return this.element.replaceChildren(...this.othersBox(item));
    if (model.isCluster(item)) return this.element.replaceChildren(...this.clusterBox(item));
    const n = model.node(item),
      index = +item.slice(1),
      parts = [heading(n.label, "h2")];
    const where = model.path(item);
    parts.push(
      facts([
        ["kind", n.kind],
        ["module", where],
        ["line", n.place && html("code", {}, n.place)],
        ["code", n.text && html("code", {}, n.text)],
        ...(n.facts ?? []),
      ]),
    );
    if (n.formula) parts.push(formulaLine(n.formula));
    const reached = model.computedAt(index, done);
    n.v.forEach((value, k) => {
      const v = model.values[value],
        title = n.v.length > 1 ? `Output ${k + 1}` : "Value";
      parts.push(heading(`${title}${v.name ? " " + v.name : ""} · ${v.shape} ${v.dtype}`));
      parts.push(reached ? figure(v.r) : html("p", { class: "muted" }, "not computed yet at this step"));
      parts.push(...this.gradient(value, done));
      if (v.update) parts.push(heading("Last update"), facts(v.update));
    });
    this.element.replaceChildren(...parts);
  }

  gradient(value, done) {
    const { model } = this,
      v = model.values[value],
      g = model.gradientAt(value, done);
    const parts = [heading("Gradient ∂L/∂" + (v.name || "this"))];
    if (!g.total) parts.push(html("p", { class: "muted" }, v.gs ?? "not computed"));
    else if (!g.count) parts.push(html("p", { class: "muted" }, "not computed yet at this step"));
    else {
      const note = g.total > 1 ? `sum of ${g.count} of ${g.total} contributions` : null;
      parts.push(
        figure(
          g.reading,
          [illOf(g.reading) === "zero" ? "zero" : null, note].filter(Boolean).join(" · ") || null,
        ),
      );
    }
    const ill = g.total ? illOf((model.arrivals.get(value) ?? []).at(-1)?.[1].after) : null;
    const question = ill
      ? `Why is this gradient ${ill}?`
      : g.total
        ? "Where does this gradient come from?"
        : "Why is there no gradient?";
    const answer = html("div", { class: "answer", "aria-live": "polite" });
    const ask = () => {
      const found = why(model, value);
      this.on.trail(found.trail);
      const steps = found.trail.map((t) =>
        html(
          "li",
          {},
          html(
            "button",
            { class: "link", type: "button", onclick: () => this.on.step(t.s + 1) },
            `step ${t.s + 1}`,
          ),
          " " + t.text,
        ),
      );
      answer.replaceChildren(html("p", { class: "verdict" }, found.sentence), html("ol", {}, ...steps));
    };
    parts.push(html("button", { class: "why", type: "button", onclick: ask }, question), answer);
    return parts;
  }

  clusterBox(item) {
    const { model } = this,
      c = model.cluster(item),
      open = model.isOpen(item);
    return [
      heading(c.label, "h2"),
      facts([
        ["kind", model.turnsOf.has(item) ? "repetition" : "module"],
        ["inside", model.path(model.parent(item))],
        ["nodes inside", String(model.inner.get(item))],
        ...(c.facts ?? []),
      ]),
      html(
        "button",
        { type: "button", onclick: () => this.on.toggle(item) },
        open ? "Close (Enter)" : "Open (Enter)",
      ),
      ...(model.turnsOf.has(item) ? this.turns(item, model.turnsOf.get(item)) : []),
    ];
  }

  // What is built like the turn that is seen, and stands before or after it.
  othersBox(item) {
    const { around, turns } = this.model.others(item);
    return [
      heading(this.model.titleOf(item), "h2"),
      html("p", { class: "muted" }, `of ${this.model.titleOf(around)}: built like the one that is seen`),
      ...this.turns(around, turns),
    ];
  }

  // Turns of a repetition to go to, and a button that shows or folds all.
  turns(around, list) {
    const { model } = this,
      all = model.turnsOf.get(around).length;
    const entry = (c) =>
      html(
        "li",
        {},
        html("button", { class: "link", type: "button", onclick: () => this.on.go(c) }, model.titleOf(c)),
      );
    return [
      html(
        "p",
        {},
        html(
          "button",
          { type: "button", onclick: () => this.on.fold(around) },
          model.now.has(around) ? `Show all ${all} (f)` : "Show one at a time (f)",
        ),
      ),
      html("ul", { class: "turns" }, ...list.slice(0, 40).map(entry)),
      list.length > 40 && html("p", { class: "muted" }, `and ${list.length - 40} more`),
    ].filter(Boolean);
  }

  intro() {
    const { model } = this;
    const forward = model.steps.filter((s) => s.kind === "forward").length,
      backward = model.steps.length - forward;
    const parts = [
      heading(model.title, "h2"),
      html(
        "p",
        {},
        model.nodes.length
          ? `${counted(model.nodes.length, "node")}, ${counted(forward, "step")} forward, ` +
              (backward ? `${counted(backward, "step")} backward.` : "no backward was seen.")
          : "Nothing was recorded: no op ran.",
      ),
    ];
    for (const note of model.notes) parts.push(html("p", { class: "note" }, note));
    parts.push(
      html(
        "p",
        {},
        "Step with → and ←, or press Play. Click a box to see its numbers; + opens a module. Press ? for all keys.",
      ),
    );
    return parts;
  }

  // What one step of the film does.
  step(s) {
    const { model } = this,
      step = model.steps[s],
      parts = [];
    const label = step.node === undefined ? "" : model.nodes[step.node].label;
    const at = step.node === undefined ? label : this.link(step.node, label);
    const place = step.node === undefined ? "" : model.nodes[step.node].place;
    const from = model.path("n" + step.node);
    const where = html("p", { class: "muted" }, [from, place].filter(Boolean).join(" · "));
    if (step.kind === "forward") {
      parts.push(html("h2", {}, "Forward: ", at), where);
      if (model.nodes[step.node].formula) parts.push(formulaLine(model.nodes[step.node].formula));
      step.ins.forEach((v, k) => parts.push(this.valueLine(v, step.roles?.[k])));
      step.outs.forEach((v) => {
        const value = model.values[v];
        parts.push(
          heading(`makes ${value.name || "a value"} · ${value.shape} ${value.dtype}`),
          figure(value.r),
        );
      });
    } else if (step.kind === "seed") {
      parts.push(
        html("h2", {}, "Backward begins at ", at),
        where,
        figure(step.up[0], "∂L/∂L, the gradient it starts with"),
      );
    } else if (step.kind === "pull") {
      parts.push(html("h2", {}, "Backward through ", at), where);
      step.up.forEach((r, k) =>
        parts.push(card("1 · upstream gradient", `∂L/∂${short(model, step.outs[k])}`, figure(r))),
      );
      for (const flow of step.flows) {
        const x = short(model, flow.value);
        const local = [
          flow.formula && formulaLine(flow.formula),
          flow.local && figure(flow.local, "at these values, element by element"),
        ];
        parts.push(
          html(
            "div",
            { class: "flow" },
            heading(`to ${flow.role || "input"}: ${nameOf(model, flow.value)}`),
            card(
              "2 · local derivative",
              "",
              ...local.filter(Boolean),
              !flow.formula && !flow.local && html("p", { class: "muted" }, `the rule of ${label}`),
            ),
            card("3 · product", `contribution to ∂L/∂${x}`, figure(flow.product)),
            card("4 · accumulated", `running sum of ∂L/∂${x}`, this.sum(flow, s)),
          ),
        );
      }
      if (!step.flows.length)
        parts.push(html("p", { class: "muted" }, "No input of it requires a gradient."));
      parts.push(proofBox(step.proof));
    } else if (step.kind === "store") {
      parts.push(
        html("h2", {}, "Stored: ", at),
        where,
        card("arrived", `∂L/∂${short(model, step.value)}`, figure(step.up[0])),
        card(".grad before", "", step.before ? figure(step.before) : html("p", { class: "muted" }, "None")),
        card(".grad after", "", figure(step.after)),
      );
    }
    this.element.replaceChildren(...parts.filter(Boolean));
  }

  sum(flow, s) {
    const all = this.model.arrivals.get(flow.value) ?? [],
      place = all.findIndex(([at, f]) => at === s && f === flow) + 1;
    const note = `contribution ${place} of ${all.length}`;
    if (!flow.before) return html("p", { class: "muted" }, note + ": the sum begins with it");
    return html(
      "div",
      {},
      html("p", { class: "muted" }, note),
      figure(flow.before, "before"),
      figure(flow.after, "after: before + product"),
    );
  }

  valueLine(value, role) {
    const v = this.model.values[value],
      node = this.model.homeOf.get(value);
    const name = nameOf(this.model, value);
    return html(
      "p",
      { class: "input" },
      role ? html("span", { class: "role" }, role + " ") : null,
      node === undefined ? name : this.link(node, name),
      ` · ${v.shape}: ${inWords(v.r)}`,
    );
  }
}

function card(title, formula, ...content) {
  return html(
    "section",
    { class: "card" },
    html("div", { class: "card-title" }, html("b", {}, title), formula ? " " + formula : ""),
    ...content,
  );
}

function short(model, value) {
  const name = model.values[value].name,
    node = model.nodes[model.homeOf.get(value)];
  return name ? name.split(".").slice(-1)[0] : node ? `(${node.label})` : "x";
}
