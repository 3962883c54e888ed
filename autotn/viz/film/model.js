// The scene as the film reads it: nodes in nested clusters, values with their figures, steps in order.

class Model {
  constructor(scene) {
    Object.assign(this, scene); // title, notes, nodes, clusters, edges, values, steps, forward
    this.unpack(scene.readings);
    this.open = new Set();
    this.kids = new Map([["root", []]]);
    this.clusters.forEach((_, k) => this.kids.set("c" + k, []));
    this.clusters.forEach((c, k) => this.kids.get(this.clusterName(c.up)).push("c" + k));
    this.nodes.forEach((n, k) => this.kids.get(this.clusterName(n.c)).push("n" + k));
    this.turnsOf = new Map(); // a repetition -> its turns, in order
    this.turnIn = new Map(); // a turn -> the repetition, and which it is
    this.clusters.forEach((c, k) => {
      if (c.of === undefined) return;
      const around = "c" + c.of;
      if (!this.turnsOf.has(around)) this.turnsOf.set(around, []);
      this.turnIn.set("c" + k, { around, k: this.turnsOf.get(around).length });
      this.turnsOf.get(around).push("c" + k);
    });
    this.now = new Map(); // a repetition that is folded -> the turn that is seen
    this.foldAll();
    const first = new Map(); // boxes in the order in which they first run
    this.nodes.forEach((n, k) => {
      for (let item = "n" + k; item !== "root"; item = this.standsIn(item)) {
        if (!first.has(item)) first.set(item, k);
      }
    });
    for (const list of this.kids.values()) list.sort((a, b) => (first.get(a) ?? 0) - (first.get(b) ?? 0));
    this.inner = new Map(); // how many nodes a cluster holds
    for (let k = this.clusters.length - 1; k >= 0; k--) {
      let count = 0;
      for (const item of this.kids.get("c" + k)) count += item[0] === "n" ? 1 : this.inner.get(item);
      this.inner.set("c" + k, count);
    }
    this.homeOf = new Map(); // value -> the node that shows it
    this.nodes.forEach((n, k) =>
      n.v.forEach((v) => {
        if (!this.homeOf.has(v)) this.homeOf.set(v, k);
      }),
    );
    this.uses = new Map(); // value -> the edges that carry it
    this.edges.forEach((edge) => {
      if (!this.uses.has(edge[2])) this.uses.set(edge[2], []);
      this.uses.get(edge[2]).push(edge);
    });
    this.arrivals = new Map(); // value -> [step, flow] of everything that is added to its gradient
    this.steps.forEach((step, s) => {
      if (step.kind === "seed") this.arrive(step.value, s, { product: step.up[0], after: step.up[0] });
      for (const flow of step.flows ?? []) this.arrive(flow.value, s, flow);
    });
  }

  // Readings stand in one list; put them where their numbers are.
  unpack(readings) {
    const put = (object, ...names) =>
      names.forEach((n) => {
        if (object[n] !== undefined) object[n] = readings[object[n]] ?? null;
      });
    this.values.forEach((v) => put(v, "r", "g"));
    for (const step of this.steps) {
      put(step, "before", "after");
      if (step.up) step.up = step.up.map((r) => readings[r] ?? null);
      for (const flow of step.flows ?? []) put(flow, "product", "before", "after", "local");
    }
  }

  arrive(value, s, flow) {
    if (!this.arrivals.has(value)) this.arrivals.set(value, []);
    this.arrivals.get(value).push([s, flow]);
  }

  clusterName(k) {
    return k < 0 ? "root" : "c" + k;
  }
  // Of a folded repetition one turn is seen; what comes before and after it is a box each, named after the repetition.
  children(cluster) {
    const now = this.now.get(cluster);
    if (now === undefined) return this.kids.get(cluster);
    const turns = this.turnsOf.get(cluster),
      found = this.kids.get(cluster).filter((item) => item[0] === "n");
    if (now > 0) found.push("b" + cluster.slice(1));
    found.push(turns[now]);
    if (now < turns.length - 1) found.push("a" + cluster.slice(1));
    return found;
  }
  isCluster(item) {
    return item[0] === "c";
  }
  isOthers(item) {
    return item[0] === "b" || item[0] === "a";
  }
  // The turns that a box before or after the one that is seen stands for, and their repetition.
  others(item) {
    const around = "c" + item.slice(1),
      turns = this.turnsOf.get(around),
      now = this.now.get(around);
    return { around, turns: item[0] === "b" ? turns.slice(0, now) : turns.slice(now + 1) };
  }
  othersLabel(item) {
    const { turns } = this.others(item);
    return `${turns.length} ${item[0] === "b" ? "before" : "after"}`;
  }
  isOpen(item) {
    return item === "root" || this.open.has(item);
  }
  node(item) {
    return this.nodes[+item.slice(1)];
  }
  cluster(item) {
    return this.clusters[+item.slice(1)];
  }
  standsIn(item) {
    return this.clusterName(this.isCluster(item) ? this.cluster(item).up : this.node(item).c);
  }
  parent(item) {
    if (item === "root") return null;
    if (this.isOthers(item)) return "c" + item.slice(1);
    const turn = this.turnIn.get(item);
    return turn && this.now.has(turn.around) ? turn.around : this.standsIn(item);
  }

  // An item and the clusters around it, from the inside out.
  wayOut(item) {
    const found = [];
    for (let at = item; at !== "root" && at !== null; at = this.parent(at)) found.push(at);
    return found;
  }

  // The box that stands for an item: itself, the outermost closed cluster around it, or the turns it is one of. For
  // `anyTurn` it does not matter which turn is seen.
  shown(item, anyTurn = false) {
    let found = item;
    for (const at of this.wayOut(item)) {
      if (this.isOthers(at)) continue;
      if (at !== item && !this.open.has(at)) found = at;
      const turn = this.turnIn.get(at),
        now = turn && this.now.get(turn.around);
      if (now !== undefined && now !== turn.k && !anyTurn)
        found = (turn.k < now ? "b" : "a") + turn.around.slice(1);
    }
    return found;
  }

  reveal(item) {
    this.turnTo(item);
    for (const c of this.wayOut(item).slice(1)) this.open.add(c);
  }

  // See the turns that an item is in, opened as those seen before were; returns the outermost repetition that turned.
  turnTo(item) {
    let turned = null;
    for (const at of this.wayOut(item)) {
      const turn = this.turnIn.get(at),
        now = turn && this.now.get(turn.around);
      if (now === undefined || now === turn.k) continue;
      this.likeOpened(this.turnsOf.get(turn.around)[now], at);
      this.now.set(turn.around, turn.k);
      turned = turn.around;
    }
    return turned;
  }

  likeOpened(one, other) {
    if (this.open.has(one)) this.open.add(other);
    else this.open.delete(other);
    const inside = (c) => this.kids.get(c).filter((item) => this.isCluster(item));
    const twins = inside(other);
    inside(one).forEach((c, k) => {
      if (k < twins.length) this.likeOpened(c, twins[k]);
    });
  }

  foldAll() {
    for (const around of this.turnsOf.keys()) if (!this.now.has(around)) this.now.set(around, 0);
  }

  visible() {
    const found = [],
      waiting = ["root"];
    while (waiting.length) {
      for (const item of this.children(waiting.pop())) {
        if (this.isOpen(item)) waiting.push(item);
        else found.push(item);
      }
    }
    return found;
  }

  // The clusters by depth, outermost first.
  levels() {
    const found = [];
    let level = this.children("root").filter((item) => this.isCluster(item));
    while (level.length) {
      found.push(level);
      level = level.flatMap((c) => this.children(c)).filter((item) => this.isCluster(item));
    }
    return found;
  }

  // Open whole levels, outermost first, while no more than so many boxes are seen; returns how many were opened.
  openUntil(limit) {
    this.open.clear();
    let count = this.children("root").length,
      opened = 0;
    for (const level of this.levels()) {
      count += level.reduce((sum, c) => sum + this.children(c).length - 1, 0);
      if (count > limit) break;
      level.forEach((c) => this.open.add(c));
      opened++;
    }
    return opened;
  }

  // The lines between what is seen: one per pair of boxes, with the edges it stands for.
  links() {
    const found = new Map();
    this.edges.forEach(([a, b, value, cut], e) => {
      const from = this.shown("n" + a),
        to = this.shown("n" + b);
      if (from === to) return;
      // What all turns read is led to the one that is seen.
      if (this.isOthers(to) && this.parent(to) === this.parent(from) && from[0] === "n") return;
      const bothNodes = from[0] === "n" && to[0] === "n";
      const key = bothNodes ? `${from}>${to}>${e}` : `${from}>${to}`;
      if (!found.has(key)) found.set(key, { from, to, edges: [], values: new Set(), cut: true });
      found.get(key).edges.push(e);
      found.get(key).values.add(value);
      found.get(key).cut &&= !!cut;
    });
    return [...found.values()];
  }

  view(measure, headerWidth) {
    return {
      root: "root",
      children: (c) => this.children(c),
      parent: (item) => this.parent(item),
      isOpen: (item) => this.isOpen(item),
      size: measure,
      headerWidth,
      links: this.links(),
    };
  }

  path(item) {
    const parts = [];
    for (
      let c = this.isCluster(item) ? item : this.parent(item);
      c !== "root" && c !== null;
      c = this.parent(c)
    ) {
      if (!this.turnsOf.has(c)) parts.unshift(this.cluster(c).label);
    }
    return parts.join(" › ");
  }

  // The colour of a box and its figure in words, under the overlay that is chosen.
  colour(item) {
    const o = this.overlays[this.overlay];
    if (!o || this.isOthers(item)) return null;
    return (this.isCluster(item) ? o.clusters : o.nodes)[+item.slice(1)] || null;
  }

  titleOf(item) {
    if (this.isOthers(item)) return this.othersLabel(item);
    return this.isCluster(item) ? this.cluster(item).label : this.node(item).label;
  }

  // What is known of a value's gradient once so many steps are done.
  gradientAt(value, done) {
    const all = this.arrivals.get(value) ?? [],
      came = all.filter(([s]) => s < done);
    const last = came.length ? came[came.length - 1][1] : null;
    return { count: came.length, total: all.length, reading: last?.after ?? null };
  }

  computedAt(node, done) {
    const n = this.nodes[node];
    return n.step === undefined || n.step < done;
  }
}

// Boxes that are seen at first, and the most that "open all" shows.
const START_WITH = 300,
  AT_MOST = 1500;

// ---------------------------------------------------------------------------------------------------------------------
// Figures. A reading is {n, min, max, mean, std, norm, zeros, nans, infs, h: bars, d: elements, s: shape}.

function isZero(r) {
  return r && r.n > 0 && r.zeros === r.n;
}
function isSick(r) {
  return r && (r.nans || r.infs);
}
function largest(r) {
  return r && r.min !== undefined ? Math.max(Math.abs(r.min), Math.abs(r.max)) : 0;
}
const HUGE = 1e4;

function number(x) {
  if (x === null || x === undefined) return "–";
  if (typeof x !== "number") return String(x);
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e5 || size < 1e-3)
    return x.toExponential(2).replace("e+", "e").replace("-", "−").replace("e-", "e−");
  return String(+x.toPrecision(4)).replace("-", "−");
}

// One line about a reading, for tooltips and for ears.
function inWords(r) {
  if (!r) return "not measured";
  if (r.n === 0) return "empty";
  if (isZero(r)) return r.n === 1 ? "0" : `all ${r.n} are zero`;
  const ills = [
    r.zeros && r.n > 1 && `${r.zeros} zero`,
    r.nans && `${r.nans} nan`,
    r.infs && `${r.infs} inf`,
  ].filter(Boolean);
  if (r.n === 1) return isSick(r) ? ills[0].slice(2) : number(r.mean);
  const figures =
    r.min === undefined ? [] : [`${number(r.min)} … ${number(r.max)}`, `norm ${number(r.norm)}`];
  return [...figures, ...ills].join(", ");
}
