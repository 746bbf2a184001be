// Pairs in an order in which each directory is one range, sums over ranges, and what lies in a range, level by level.
class Order {
  constructor(permutation) {
    this.pairs = permutation;
    this.directories = permutation.map((p) => data.pairDirectory[p]);
    for (const name of ["match", "matchBytes", "both", "chosen", "chosenBytes"]) {
      this[name] = new Float64Array(permutation.length + 1);
    }
  }
  refresh() {
    const { matchFiles, matchBytes, bothFiles, files, bytes } = choice;
    for (let i = 0; i < this.pairs.length; i++) {
      const p = this.pairs[i];
      this.match[i + 1] = this.match[i] + matchFiles[p];
      this.matchBytes[i + 1] = this.matchBytes[i] + matchBytes[p];
      this.both[i + 1] = this.both[i] + bothFiles[p];
      this.chosen[i + 1] = this.chosen[i] + files[p];
      this.chosenBytes[i + 1] = this.chosenBytes[i] + bytes[p];
    }
  }
  sum(name, from, to) { return this[name][to] - this[name][from]; }
  // The first place in [from, to) whose directory is `d` or behind it.
  place(d, from, to) {
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.directories[middle] < d) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

function activityOrder() {
  return new Order(Int32Array.from({ length: data.pairs }, (_, p) => p));
}

function directoryOrder() {
  const start = new Int32Array(data.depth.length + 1), pairs = new Int32Array(data.pairs);
  for (let p = 0; p < data.pairs; p++) start[data.pairDirectory[p] + 1]++;
  for (let d = 0; d < data.depth.length; d++) start[d + 1] += start[d];
  for (let p = 0; p < data.pairs; p++) pairs[start[data.pairDirectory[p]]++] = p;
  return new Order(pairs);
}

// The lowest directory at or above all in [from, to), which is not empty.
function joint(order, from, to) {
  let d = order.directories[from];
  const last = order.directories[to - 1];
  while (last >= data.end[d]) d = data.parent[d];
  return d;
}

function activityNode(a) {
  const from = data.pairStart[a], to = data.pairStart[a + 1];
  return { order: orders.activity, activity: a, top: 0, directory: joint(orders.activity, from, to), from, to, level: 0 };
}

function rootNode() {
  const to = data.pairs;
  return { order: orders.directory, activity: -1, top: 0, directory: to ? joint(orders.directory, 0, to) : 0, from: 0, to, level: 0 };
}

function keyOf(node) {
  return (node.activity + 1) * data.depth.length + node.directory;
}

// Where the files directly in a node's directory end, for they come first.
function directEnd(node) {
  return node.order.place(node.directory + 1, node.from, node.to);
}

// The directories of a node; those with nothing but one directory in them come as one with it.
function subnodes(node) {
  const { order, to } = node, nodes = [];
  for (let from = directEnd(node); from < to;) {
    let top = order.directories[from];
    while (data.parent[top] !== node.directory) top = data.parent[top];
    const end = order.place(data.end[top], from, to);
    nodes.push({ order, activity: node.activity, top, directory: joint(order, from, end), from, to: end, level: node.level + 1 });
    from = end;
  }
  return nodes;
}

// The same in the order in which a person wants to see them: by name, or the largest first.
function sortedSubnodes(node) {
  const by = { largest: "matchBytes", most: "match" }[view.order], nodes = subnodes(node);
  if (by) nodes.sort((one, other) => other.order.sum(by, other.from, other.to) - one.order.sum(by, one.from, one.to));
  return nodes;
}

// The path of a directory below the root, as bytes that were decoded; "" for the root.
function pathOf(d, above = 0) {
  const names = [];
  for (; d > above; d = data.parent[d]) names.push(data.directory_name.at(d));
  return names.reverse().join("/");
}

function filePath(f) {
  const directory = pathOf(data.pairDirectory[data.filePair[f]]), name = data.file_name.at(f);
  return directory ? `${directory}/${name}` : name;
}

// The few directories that carry an activity: each holds a quarter of its files or bytes that none below accounts for.
// It is what describe.py does.
const carriers = new Map();
function carriersOf(a) {
  if (carriers.has(a)) return carriers.get(a);
  const from = data.pairStart[a], to = data.pairStart[a + 1], found = [];
  const files = carriersOf.files ??= new Float64Array(data.depth.length);
  const bytes = carriersOf.bytes ??= new Float64Array(data.depth.length);
  const byHand = data.byHand[a], worked = data.worked[a];
  let allFiles = 0, allBytes = 0, last = -1;
  for (let p = from; p < to; p++) {
    if (byHand && data.pair_bulk[p] || worked && data.history[data.pairDirectory[p]]) continue; // told apart
    last = data.pairDirectory[p];
    files[data.pairDirectory[p]] = data.pair_files[p];
    bytes[data.pairDirectory[p]] = data.pair_bytes[p];
    allFiles += data.pair_files[p];
    allBytes += data.pair_bytes[p];
  }
  for (let d = last; d >= 0; d--) {
    if (!files[d]) continue;
    if (files[d] * 4 >= allFiles || (allBytes > 0 && bytes[d] * 4 >= allBytes)) {
      found.push({ directory: d, files: files[d], bytes: bytes[d] });
    } else if (d) {
      files[data.parent[d]] += files[d];
      bytes[data.parent[d]] += bytes[d];
    }
    files[d] = bytes[d] = 0;
  }
  found.sort((one, other) => other.files - one.files || other.bytes - one.bytes || one.directory - other.directory);
  carriers.set(a, found);
  return found;
}
