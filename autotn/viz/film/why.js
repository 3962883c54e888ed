// Why is a gradient zero, nan or huge? Walk against the stream of backward to the step where it began.

// The ill a reading shows, or null.
function illOf(reading) {
  if (!reading || !reading.n) return null;
  if (reading.nans) return "nan";
  if (reading.infs) return "inf";
  if (isZero(reading)) return "zero";
  return largest(reading) >= HUGE ? "huge" : null;
}

// The story of a value's gradient: {ill, sentence, trail: [{step, node, text}], origin}.
function why(model, value) {
  const v = model.values[value];
  const arrivals = model.arrivals.get(value) ?? [];
  const name = nameOf(model, value);
  if (!arrivals.length) {
    const cut = cutFrom(model, value);
    const reason = cut
      ? `its history is cut off at ${cut} (detach or no_grad)`
      : v.gs === "not needed"
        ? "it does not require a gradient: it is a constant, or history was cut off there"
        : v.gs === "freed"
          ? "backward had passed and freed it before anybody watched"
          : model.steps.some((s) => s.kind !== "forward")
            ? "no path of backward leads from the loss to it"
            : "backward has not run";
    return { ill: "none", sentence: `${name} has no gradient: ${reason}.`, trail: [] };
  }
  const reading = arrivals[arrivals.length - 1][1].after;
  const ill = illOf(reading);
  const trail = [];
  const seen = new Set();
  let at = value;
  while (true) {
    const step = culprit(model, at, ill);
    if (!step || seen.has(step.s)) break;
    seen.add(step.s);
    trail.push(step);
    if (step.origin) {
      if (step.began) trail.push(step.began);
      break;
    }
    at = step.next;
  }
  const sentence =
    trail.find((step) => step.origin)?.origin ??
    `The gradient of ${name} is ${inWords(reading)}; nothing unusual was met on the way from the loss.`;
  return { ill: ill ?? "sound", sentence, trail };
}

// Where the way from a value to the loss is cut off, in words; "" where it is not.
function cutFrom(model, value) {
  const seen = new Set([value]),
    waiting = [value];
  while (waiting.length) {
    const at = waiting.shift();
    for (const [, to, , cut] of model.uses.get(at) ?? []) {
      const node = model.nodes[to];
      if (cut) return node.label + (node.place ? ` (${node.place})` : "");
      for (const out of node.v)
        if (!seen.has(out)) {
          seen.add(out);
          waiting.push(out);
        }
    }
  }
  return "";
}

// The step that brought the ill to a value, and where it looks next: at the output whose gradient came in.
function culprit(model, value, ill) {
  const arrivals = model.arrivals.get(value) ?? [];
  if (!arrivals.length) return null;
  let [s, flow] = arrivals[0];
  if (ill === "nan" || ill === "inf") {
    [s, flow] =
      arrivals.find(([, f]) => isSick(f.product)) ?? arrivals.find(([, f]) => isSick(f.after)) ?? arrivals[0];
  } else {
    for (const one of arrivals) if (largest(one[1].product) > largest(flow.product)) [s, flow] = one;
  }
  const step = model.steps[s];
  if (step.kind === "seed") {
    const start = model.values[value].r;
    const node = model.homeOf.get(value);
    let origin = `Backward began here with ${inWords(step.up[0])}.`;
    if (isSick(start)) {
      const found = firstSick(model, value);
      return {
        s: found.s,
        node: found.node,
        text: found.text,
        origin: `It began in the forward pass: ${found.text}`,
      };
    }
    if (ill === "zero") origin = "Backward was given a gradient of zero.";
    return { s, node, text: `backward begins: ${inWords(step.up[0])}`, origin };
  }
  const node = step.node,
    label = model.nodes[node].label,
    where = model.nodes[node].place;
  const up = worst(step.up),
    place = where ? ` (${where})` : "";
  const text = `${label}${place}: upstream ${inWords(up)} → product ${inWords(flow.product)}`;
  const next = step.outs[step.up.indexOf(up)] ?? step.outs[0];
  const here = { s, node, text, next };
  const local = flow.local ? ` Its local derivative is ${inWords(flow.local)}.` : "";
  const formula = flow.formula ? ` The derivative of ${label} by ${flow.role} is ${flow.formula}.` : "";
  const many = step.ins.filter((v) => v !== value && largest(model.values[v].r) >= HUGE);
  const large = many
    .map((v) => ` It multiplies by ${nameOf(model, v)}, which is ${inWords(model.values[v].r)}.`)
    .join("");
  if (ill === "zero" && !isZero(up)) {
    const inputs = step.ins
      .filter((v) => v !== value && isZero(model.values[v].r))
      .map((v) => nameOf(model, v));
    const factor = inputs.length ? ` ${inputs.join(" and ")} ${inputs.length > 1 ? "are" : "is"} zero.` : "";
    here.origin = `It became zero in ${label}${place}: the gradient that came in was not zero, its product with the local derivative is.${local}${formula}${factor}`;
  } else if ((ill === "nan" || ill === "inf") && !isSick(up)) {
    const sick = step.ins.concat(step.outs).find((v) => isSick(model.values[v].r));
    if (sick !== undefined) {
      const found = firstSick(model, sick);
      here.origin = `It began in the forward pass, whose values ${label}${place} multiplies by: ${found.text}`;
      here.began = found;
    } else {
      here.origin = `It began in ${label}${place}: what came in was finite, its product with the local derivative is not.${local}${formula}`;
    }
  } else if (ill === "huge" && !isSick(up) && largest(up) < HUGE / 10) {
    here.origin = `It grew in ${label}${place}: ${inWords(up)} came in, ${inWords(flow.product)} went out.${local}${formula}${large}`;
  }
  return here;
}

function worst(readings) {
  let found = readings[0];
  for (const r of readings)
    if (r && ((isSick(r) && !isSick(found)) || largest(r) > largest(found))) found = r;
  return found;
}

// The first call on the way to a value whose result is not finite though its inputs are.
function firstSick(model, value) {
  let at = value;
  const seen = new Set();
  while (!seen.has(at)) {
    seen.add(at);
    const node = model.homeOf.get(at),
      n = model.nodes[node];
    const from = (n?.ins ?? []).find((v) => isSick(model.values[v].r));
    if (from === undefined) {
      const place = n?.place ? ` (${n.place})` : "";
      const inputs = (n?.ins ?? [])
        .map((v) => `${nameOf(model, v)}: ${inWords(model.values[v].r)}`)
        .join("; ");
      const text = n?.ins
        ? `${n.label}${place} made ${inWords(model.values[at].r)} from ${inputs}.`
        : `${nameOf(model, at)} holds ${inWords(model.values[at].r)}.`;
      return { s: n?.step ?? 0, node, text };
    }
    at = from;
  }
  return { s: 0, node: model.homeOf.get(value), text: nameOf(model, value) };
}

function nameOf(model, value) {
  const v = model.values[value];
  if (v.name) return v.name;
  const node = model.nodes[model.homeOf.get(value)];
  return node ? (v.kind === "result" ? `the result of ${node.label}` : node.label) : `%${value}`;
}
