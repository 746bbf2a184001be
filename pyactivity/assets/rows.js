// The rows of the list: what is unfolded, flat. Only those on the screen become elements (list.js).
const unfolded = new Map(); // key of a node: true or false, where a person said so
const FEW = 40; // so many hits of a filter are shown without unfolding
const MOST = 5000; // files shown of one directory

function isUnfolded(node) {
  return unfolded.get(keyOf(node)) ?? (node.level === 0 && node.activity < 0
    || view.text !== "" && node.order.sum("match", node.from, node.to) <= FEW);
}

function isShown(node) {
  return node.order.sum("match", node.from, node.to) > 0
    && (!view.onlyChosen || node.order.sum("both", node.from, node.to) > 0);
}

function arranged() {
  const list = Array.from({ length: data.activities }, (_, a) => a);
  // What was made by hand comes first, what came in bulk or by itself last.
  const by = { weight: [shareOf, (a) => data.files[a]], largest: [(a) => shares.bytes[a], (a) => data.bytes[a]], most: [(a) => shares.files[a], (a) => data.files[a]] }[view.order];
  if (by) list.sort((a, b) => by[0](b) - by[0](a) || by[1](b) - by[1](a) || a - b);
  return list;
}

function flattened() {
  const rows = [];
  const nodes = view.tab === "activity" ? arranged().map(activityNode) : data.pairs ? [rootNode()] : [];
  for (const node of nodes) addNode(rows, node);
  return rows;
}

function addNode(rows, node) {
  if (!isShown(node)) return;
  rows.push({ kind: node.activity >= 0 && node.level === 0 ? "activity" : "directory", level: node.level, node });
  if (isUnfolded(node)) {
    for (const inner of sortedSubnodes(node)) addNode(rows, inner);
    addFiles(rows, node);
  }
}

// Of each pair directly in the directory its files, or one row for those whose names the page does not have.
function addFiles(rows, node) {
  const end = directEnd(node), level = node.level + 1, files = [];
  for (let i = node.from; i < end; i++) {
    const p = node.order.pairs[i];
    if (!choice.matchFiles[p]) continue;
    if (!data.pair_named[p]) {
      if (!view.onlyChosen || choice.files[p]) rows.push({ kind: "unnamed", level, pair: p, inner: node.activity < 0 });
      continue;
    }
    const whole = choice.matchFiles[p] === data.pair_files[p];
    for (let f = data.fileStart[p]; f < data.fileStart[p + 1]; f++) {
      if ((whole || choice.fileMatch[f]) && (!view.onlyChosen || choice.fileOn[f])) files.push(f);
    }
  }
  if (view.order === "largest" || view.order === "weight") files.sort((one, other) => data.file_bytes[other] - data.file_bytes[one]);
  for (const f of files.slice(0, MOST)) rows.push({ kind: "file", level, file: f });
  if (files.length > MOST) rows.push({ kind: "more", level, more: files.length - MOST });
}

// 0 nothing of the row is selected, 1 all of it, 2 some.
function stateOf(row) {
  if (row.kind === "file") return choice.fileOn[row.file];
  if (row.kind === "unnamed") return choice.files[row.pair] ? 1 : 0;
  if (row.kind === "more") return 0;
  const { order, from, to } = row.node, both = order.sum("both", from, to);
  return both === 0 ? 0 : both === order.sum("match", from, to) ? 1 : 2;
}

function select(row, on) {
  if (row.kind === "file") setFile(row.file, on);
  else if (row.kind === "unnamed") setPair(row.pair, on);
  else if (row.kind !== "more") for (let i = row.node.from; i < row.node.to; i++) setPair(row.node.order.pairs[i], on);
}
