// Layered layout of nested boxes. Every open cluster is laid out on its own: longest-path layers, barycentre order,
// then places by isotonic regression. A line that crosses the border of a cluster gets a gate in its first or last
// layer, so that it runs between the boxes inside, not over them.

const GAP_X = 22,
  GAP_Y = 34,
  LINE_W = 10,
  PAD = 14,
  HEADER = 24;

// view: { root, children(cluster) -> items, parent(item) -> cluster, size(item) -> [w, h] for closed items,
//         isOpen(item), links: [{from: item, to: item, key}] } ; items are strings.
// Returns { boxes: Map(item -> {x, y, w, h}), lines: Map(link index -> [[x, y], ...]), w, h }.
function layoutView(view) {
  const levels = new Map(); // cluster -> its own small graph
  const level = (cluster) => {
    if (!levels.has(cluster)) levels.set(cluster, { links: new Map(), gates: new Map() });
    return levels.get(cluster);
  };
  const pathUp = (item) => {
    const path = [];
    for (let c = view.parent(item); c !== null; c = view.parent(c)) path.push(c);
    return path; // innermost first, root last
  };
  const put = (cluster, from, to, source) => {
    const key = `${from}>${to}>${source}`;
    level(cluster).links.set(key, { from, to, source, key });
    return [cluster, key];
  };
  const gate = (cluster, name, side) => {
    level(cluster).gates.set(name, side);
    return name;
  };
  const journeys = view.links.map(({ from, to }) => {
    const up = pathUp(from),
      down = pathUp(to);
    let a = up.length,
      b = down.length;
    while (a > 0 && b > 0 && up[a - 1] === down[b - 1]) {
      a--;
      b--;
    }
    const legs = []; // from the source outwards, across, and inwards to the target
    let at = from;
    for (const cluster of up.slice(0, a)) {
      legs.push(put(cluster, at, gate(cluster, "out:" + from, "out"), from));
      at = cluster;
    }
    const inward = [];
    let end = to;
    for (const cluster of down.slice(0, b)) {
      inward.unshift(put(cluster, gate(cluster, "in:" + from, "in"), end, from));
      end = cluster;
    }
    legs.push(put(up[a], at, end, from));
    return legs.concat(inward);
  });
  const done = new Map();
  const lay = (cluster) => {
    const own = level(cluster),
      items = [];
    for (const item of view.children(cluster)) {
      if (view.isOpen(item)) {
        const inside = lay(item);
        done.set(item, inside);
        items.push({ id: item, w: inside.w, h: inside.h, ports: inside.ports });
      } else {
        const [w, h] = view.size(item);
        items.push({ id: item, w, h });
      }
    }
    for (const [name, side] of own.gates) items.push({ id: name, w: LINE_W, h: 0, side });
    const made = layers(items, [...own.links.values()]);
    if (cluster !== view.root) frame(made, view.headerWidth(cluster));
    made.ports = new Map([...own.gates.keys()].map((name) => [name, made.places.get(name).x]));
    return made;
  };
  const whole = lay(view.root);
  done.set(view.root, whole);
  const boxes = new Map(),
    origin = new Map([[view.root, [0, 0]]]);
  const place = (cluster) => {
    const [x0, y0] = origin.get(cluster);
    for (const [item, p] of done.get(cluster).places) {
      if (p.gate) continue;
      const box = { x: x0 + p.x - p.w / 2, y: y0 + p.y, w: p.w, h: p.h };
      boxes.set(item, box);
      if (view.isOpen(item)) {
        origin.set(item, [box.x, box.y]);
        place(item);
      }
    }
  };
  place(view.root);
  const lines = journeys.map((legs) => {
    const points = [];
    for (const [cluster, key] of legs) {
      const [x0, y0] = origin.get(cluster);
      for (const [x, y] of done.get(cluster).routes.get(key)) points.push([x0 + x, y0 + y]);
    }
    return points.filter(
      (p, k) => !k || Math.abs(p[0] - points[k - 1][0]) + Math.abs(p[1] - points[k - 1][1]) > 0.5,
    );
  });
  fanIn(view, boxes, lines);
  return { boxes, lines, w: whole.w, h: whole.h };
}

// Several lines into one box end side by side, in the order they come from.
function fanIn(view, boxes, lines) {
  const into = new Map();
  view.links.forEach(({ to }, k) => {
    if (!into.has(to)) into.set(to, []);
    into.get(to).push(lines[k]);
  });
  for (const [item, list] of into) {
    if (list.length < 2) continue;
    const box = boxes.get(item),
      step = Math.min(18, (box.w * 0.7) / (list.length - 1));
    list.sort((a, b) => a[a.length - 2][0] - b[b.length - 2][0]);
    list.forEach((line, k) => {
      const end = line[line.length - 1],
        before = line[line.length - 2],
        x = end[0] + (k - (list.length - 1) / 2) * step;
      if (line.length > 2 && before[0] === end[0]) line[line.length - 2] = [x, before[1]];
      line[line.length - 1] = [x, end[1]];
    });
  }
}

// Make room for a cluster's border and its header, and let gates lie on the border.
function frame(made, header) {
  const width = Math.max(made.w + 2 * PAD, header),
    shift = (width - made.w) / 2;
  const height = made.h + HEADER + 2 * PAD;
  for (const place of made.places.values()) {
    place.x += shift;
    place.y += HEADER + PAD;
  }
  for (const line of made.routes.values())
    for (const p of line) {
      p[0] += shift;
      p[1] += HEADER + PAD;
    }
  for (const [key, line] of made.routes) {
    if (key.startsWith("in:")) line.unshift([line[0][0], 0]);
    if (key.split(">")[1].startsWith("out:")) line.push([line[line.length - 1][0], height]);
  }
  made.w = width;
  made.h = height;
}

// One level: items {id, w, h, side?, ports?}, links {from, to}.
function layers(items, links) {
  const index = new Map(items.map((item, k) => [item.id, k]));
  const after = items.map(() => []),
    before = items.map(() => []);
  const edges = [];
  for (const { from, to, source, key } of links) {
    const a = index.get(from),
      b = index.get(to);
    edges.push({ a, b, source, key });
    after[a].push(b);
    before[b].push(a);
  }
  // Layers: as early as its sources allow; what has no source goes right above its first user.
  const layer = items.map(() => 0),
    missing = before.map((list) => list.length);
  const order = items.map((_, k) => k).filter((k) => !missing[k]);
  const placed = new Set(order);
  for (let k = 0; k < items.length; k++) {
    if (k === order.length) {
      // only a circle is left: it begins at its first box, and one line goes up
      const first = items.findIndex((_, n) => !placed.has(n));
      placed.add(first);
      order.push(first);
    }
    for (const b of after[order[k]]) {
      if (placed.has(b)) continue;
      layer[b] = Math.max(layer[b], layer[order[k]] + 1);
      if (!--missing[b]) {
        placed.add(b);
        order.push(b);
      }
    }
  }
  for (let k = order.length - 1; k >= 0; k--) {
    const a = order[k];
    if (!before[a].length && after[a].length && !items[a].side) {
      layer[a] = Math.max(0, Math.min(...after[a].map((b) => layer[b])) - 1);
    }
  }
  let last = Math.max(0, ...items.map((item, k) => (item.side ? 0 : layer[k])));
  if (items.some((i) => i.side === "out")) {
    last += 1;
    items.forEach((item, k) => {
      if (item.side === "out") layer[k] = last;
    });
  }
  // Long lines become chains of small cells, one per layer they pass.
  const cells = items.map((item, k) => ({
    ...item,
    layer: layer[k],
    up: [],
    down: [],
    line: !!item.side,
    order: k,
  }));
  const chains = edges.map(({ a, b, source }) => {
    const chain = [a];
    for (let l = layer[a] + 1; l < layer[b]; l++) {
      cells.push({ w: LINE_W, h: 0, layer: l, up: [], down: [], line: true, order: cells[a].order + 0.5 });
      chain.push(cells.length - 1);
    }
    chain.push(b);
    if (layer[b] <= layer[a]) return chain;
    for (let k = 1; k < chain.length; k++) {
      const u = chain[k - 1],
        v = chain[k];
      const pu = k === 1 ? port(cells[u], "out:" + source) : 0;
      const pv = k === chain.length - 1 ? port(cells[v], "in:" + source) : 0;
      cells[u].down.push([v, pv, pu]);
      cells[v].up.push([u, pu, pv]);
    }
    return chain;
  });
  const rows = [];
  cells.forEach((cell, k) => {
    (rows[cell.layer] ??= []).push(k);
  });
  for (let l = 0; l < rows.length; l++) rows[l] ??= [];
  for (const row of rows) row.sort((a, b) => cells[a].order - cells[b].order);
  arrange(cells, rows);
  spread(cells, rows);
  const heights = rows.map((row) => Math.max(0, ...row.map((k) => cells[k].h)));
  const tops = [];
  let y = 0;
  rows.forEach((row, l) => {
    tops.push(y);
    const next = heights[l + 1];
    y += heights[l] + (next === undefined ? 0 : heights[l] && next ? GAP_Y : 14);
  });
  const left = cells.length ? Math.min(...cells.map((c) => c.x - c.w / 2)) : 0;
  const right = cells.length ? Math.max(...cells.map((c) => c.x + c.w / 2)) : 0;
  const places = new Map(),
    routes = new Map();
  cells.forEach((c, k) => {
    c.x -= left;
    c.y = tops[c.layer] + (c.line ? 0 : (heights[c.layer] - c.h) / 2);
    if (k < items.length) places.set(c.id, { x: c.x, y: c.y, w: c.w, h: c.h, gate: !!c.side });
  });
  edges.forEach(({ key, source }, e) => {
    const chain = chains[e],
      points = [];
    chain.forEach((k, n) => {
      const c = cells[k],
        top = tops[c.layer],
        bottom = top + heights[c.layer];
      if (n === 0) {
        const x = c.x + port(c, "out:" + source);
        points.push([x, c.y + c.h]);
        if (c.y + c.h < bottom - 1) points.push([x, bottom]);
      } else if (n === chain.length - 1) {
        const x = c.x + port(c, "in:" + source);
        if (c.y > top + 1) points.push([x, top]);
        points.push([x, c.y]);
      } else {
        points.push([c.x, top], [c.x, bottom]);
      }
    });
    routes.set(key, points);
  });
  return { places, routes, w: right - left, h: y };
}

// Where on an open cluster's border a line comes out or goes in, from its middle.
function port(cell, gate) {
  return cell.ports?.has(gate) ? cell.ports.get(gate) - cell.w / 2 : 0;
}

// Order in the rows: sweeps by barycentre, the best of them is kept.
function arrange(cells, rows) {
  let best = null,
    fewest = Infinity;
  const number = () =>
    rows.forEach((row) =>
      row.forEach((k, n) => {
        cells[k].pos = n;
      }),
    );
  const sweep = (row, side) => {
    const wanted = new Map(
      row.map((k) => {
        const near = cells[k][side];
        const mean = near.reduce((sum, [n]) => sum + cells[n].pos, 0) / (near.length || 1);
        return [k, near.length ? mean : cells[k].pos];
      }),
    );
    row.sort((a, b) => wanted.get(a) - wanted.get(b) || cells[a].pos - cells[b].pos);
    row.forEach((k, n) => {
      cells[k].pos = n;
    });
  };
  number();
  for (let round = 0; round < 12 && fewest; round++) {
    const count = crossings(cells, rows);
    if (count < fewest) {
      fewest = count;
      best = rows.map((row) => [...row]);
    }
    if (round % 2 === 0) for (let l = 1; l < rows.length; l++) sweep(rows[l], "up");
    else for (let l = rows.length - 2; l >= 0; l--) sweep(rows[l], "down");
  }
  const count = crossings(cells, rows);
  if (count >= fewest && best)
    best.forEach((row, l) => {
      rows[l] = row;
    });
  number();
}

function crossings(cells, rows) {
  let count = 0;
  for (const row of rows) {
    const ends = [];
    for (const k of row) ends.push(...cells[k].down.map(([n]) => cells[n].pos).sort((a, b) => a - b));
    // Inversions, by a tree of counts.
    const size = Math.max(0, ...ends) + 2,
      tree = new Int32Array(size + 1);
    ends.forEach((end, seen) => {
      let below = 0;
      for (let i = end + 1; i > 0; i -= i & -i) below += tree[i];
      count += seen - below;
      for (let i = end + 1; i <= size; i += i & -i) tree[i]++;
    });
  }
  return count;
}

// Places in the rows: each cell as near to the mean of its neighbours as the order and the widths allow.
function spread(cells, rows) {
  for (const row of rows) {
    let x = 0;
    for (const k of row) {
      cells[k].x = x + cells[k].w / 2;
      x += cells[k].w + GAP_X;
    }
    for (const k of row) cells[k].x -= x / 2;
  }
  const settle = (row, sides) => {
    const want = row.map((k) => {
      let sum = 0,
        weight = 0;
      for (const side of sides)
        for (const [n, there, here] of cells[k][side]) {
          const w = cells[k].line && cells[n].line ? 8 : cells[k].line || cells[n].line ? 2 : 1;
          sum += w * (cells[n].x + there - here);
          weight += w;
        }
      return weight ? [sum / weight, weight] : [cells[k].x, 0.1];
    });
    isotonic(
      row.map((k) => cells[k]),
      want,
    );
  };
  for (let round = 0; round < 16; round++) {
    if (round % 2 === 0) for (let l = 1; l < rows.length; l++) settle(rows[l], ["up"]);
    else for (let l = rows.length - 2; l >= 0; l--) settle(rows[l], ["down"]);
  }
  for (let round = 0; round < 4; round++) for (const row of rows) settle(row, ["up", "down"]);
}

// The places nearest to the wanted ones that keep the order and the distances (pool adjacent violators).
function isotonic(row, want) {
  const offsets = [];
  let offset = 0;
  row.forEach((cell, k) => {
    if (k) offset += (row[k - 1].w + cell.w) / 2 + (row[k - 1].line && cell.line ? 6 : GAP_X);
    offsets.push(offset);
  });
  const blocks = [];
  want.forEach(([x, weight], k) => {
    let block = { mean: x - offsets[k], weight, count: 1 };
    while (blocks.length && blocks[blocks.length - 1].mean > block.mean) {
      const other = blocks.pop(),
        weight = other.weight + block.weight;
      block = {
        mean: (other.mean * other.weight + block.mean * block.weight) / weight,
        weight,
        count: other.count + block.count,
      };
    }
    blocks.push(block);
  });
  let k = 0;
  for (const block of blocks) for (let n = 0; n < block.count; n++, k++) row[k].x = block.mean + offsets[k];
}
