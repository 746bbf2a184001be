// The selection as lines of JSON, for `pybackup create --select`: an area for each directory that is chosen with all
// that an activity has below it, a path for each other file. An area is a directory and a time: directories in which
// streams arrive meanwhile are excluded, and where the activity has files in them, too, files are named one by one.
function* selectionLines() {
  yield JSON.stringify({ format: "pyactivity selection", version: 1, root: facts.root });
  for (let a = 0; a < data.activities; a++) {
    const node = { ...activityNode(a), directory: 0 };
    if (!orders.activity.sum("chosen", node.from, node.to)) continue;
    if (data.arriving[a]) yield* pathLines(node.from, node.to);
    else yield* nodeLines(node);
  }
}

// The directories below a node's in which streams arrive; null where the activity has files in one of these.
let streamPlaces = null;
function streamsBelow({ order, directory, from, to }) {
  if (!data.stream_directory.length) return [];
  streamPlaces ??= placesOfStreams();
  const base = pathOf(directory), found = [];
  for (const [path, d] of streamPlaces) {
    if (base && path !== base && !path.startsWith(base + "/")) continue;
    if (path === base || (d >= 0 && order.place(d, from, to) < order.place(data.end[d], from, to))) return null;
    found.push(path);
  }
  return found;
}

// Their paths, and their numbers where anything that is shown lies in them.
function placesOfStreams() {
  const numbers = new Map(Array.from(data.depth, (_, d) => [pathOf(d), d]));
  return Array.from({ length: data.stream_directory.length }, (_, i) => data.stream_directory.at(i)).map((path) => [path, numbers.get(path) ?? -1]);
}

function isWhole({ order, from, to }) {
  return order.sum("chosen", from, to) === wholeFiles(from, to);
}

function wholeFiles(from, to) {
  let files = 0;
  for (let p = from; p < to; p++) files += data.pair_files[p];
  return files;
}

function* nodeLines(node) {
  if (!node.order.sum("chosen", node.from, node.to)) return;
  const tight = node.activity < 0 ? node.directory : joint(node.order, node.from, node.to);
  const here = { ...node, directory: data.scanned[tight] ? tight : node.directory };
  const inner = subnodes(here).map((sub) => ({ ...sub, directory: sub.top }));
  const rest = inner.filter((sub) => !isWhole(sub)), direct = directEnd(here);
  const files = wholeFiles(here.from, direct), chosen = here.order.sum("chosen", here.from, direct);
  const gone = rest.map((sub) => pathOf(sub.directory));
  const streams = streamsBelow(here), apart = leftOutBelow(here.directory).concat(streams ?? []);
  const outside = apart.filter((path) => !gone.some((top) => path.startsWith(top + "/")));
  const costly = rest.length + outside.length > Math.max(20, inner.length + files);
  if (!streams || !data.scanned[here.directory] || costly || !(files ? chosen > files / 2 : inner.length > rest.length)) {
    yield* pathLines(here.from, direct);
    for (const sub of inner) yield* nodeLines(sub);
    return;
  }
  const out = [...gone];
  for (let p = here.from; p < direct; p++) {
    for (let f = data.fileStart[p]; f < data.fileStart[p + 1]; f++) if (!choice.fileOn[f]) out.push(filePath(f));
  }
  yield areaLine(here, rest, out.concat(outside));
  for (const sub of rest) yield* nodeLines(sub);
}

function areaLine({ activity, directory, from, to, order }, rest, exclude) {
  let files = order.sum("chosen", from, to), bytes = order.sum("chosenBytes", from, to) + linkedBytes(from, to);
  for (const sub of rest) {
    files -= order.sum("chosen", sub.from, sub.to);
    bytes -= order.sum("chosenBytes", sub.from, sub.to) + linkedBytes(sub.from, sub.to);
  }
  const first = decimal(data.first_s[activity], data.first_ns[activity]);
  const last = decimal(data.first_s[activity] + data.span_s[activity], data.last_ns[activity]);
  return JSON.stringify({
    under: pathOf(directory), from: first, until: last, by: facts.by, files, bytes, ...(exclude.length ? { exclude } : {}),
  });
}

// Of chosen further hard links: an area tells each name with its size, for its first name may lie elsewhere.
function linkedBytes(from, to) {
  let bytes = 0;
  for (let p = from; p < to; p++) {
    if (!data.pair_again[p] || !choice.files[p]) continue;
    if (choice.files[p] === data.pair_files[p]) bytes += data.pair_again[p];
    else for (let f = data.fileStart[p]; f < data.fileStart[p + 1]; f++) if (choice.fileOn[f] && data.file_again[f]) bytes += data.file_bytes[f];
  }
  return bytes;
}

function* pathLines(from, to) {
  for (let p = from; p < to; p++) {
    if (!choice.files[p]) continue;
    if (!data.pair_named[p]) {
      yield ownFilesLine(p);
      continue;
    }
    for (let f = data.fileStart[p]; f < data.fileStart[p + 1]; f++) {
      if (choice.fileOn[f]) yield JSON.stringify({ path: filePath(f), size: data.file_bytes[f], mtime: modified(f) });
    }
  }
}

// Files without names, directly in a directory: all of it but each directory in it.
function ownFilesLine(p) {
  const directory = data.pairDirectory[p], exclude = leftOutBelow(directory).slice();
  for (let d = directory + 1; d < data.end[directory]; d = data.end[d]) exclude.push(pathOf(d));
  const node = { activity: data.pairActivity[p], directory, from: p, to: p + 1, order: orders.activity };
  return areaLine(node, [], exclude);
}

function modified(f) {
  if (data.file_mtime_s) return decimal(data.file_mtime_s[f], data.file_mtime_ns[f]);
  return decimal(data.first_s[data.pairActivity[data.filePair[f]]] + data.file_s[f], data.file_ns[f]);
}

// What the scan left out below a directory, and what so must not be chosen with it.
let leftOut = null;
function leftOutBelow(directory) {
  leftOut ??= Array.from({ length: data.left_out.length }, (_, i) => data.left_out.at(i)).sort();
  if (!directory) return leftOut;
  const start = pathOf(directory) + "/", found = [];
  let low = 0, high = leftOut.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (leftOut[middle] < start) low = middle + 1;
    else high = middle;
  }
  while (low < leftOut.length && leftOut[low].startsWith(start)) found.push(leftOut[low++]);
  return found;
}

function stamp() {
  const { year, month, day } = parts(wall(facts.now));
  return `${year}-${two(month + 1)}-${two(day)}`;
}

function command() {
  return `pybackup create --select activity-${stamp()}.jsonl -o activity-${stamp()}.xtar`;
}

function save() {
  const pieces = [];
  for (const line of selectionLines()) pieces.push(line, "\n");
  const link = element("a");
  link.href = URL.createObjectURL(new Blob(pieces, { type: "application/x-ndjson" }));
  link.download = `activity-${stamp()}.jsonl`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  byId("copied").textContent = `Saved as ${link.download}`;
}

async function copyCommand() {
  try {
    await navigator.clipboard.writeText(command());
    byId("copied").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(byId("command"));
    byId("copied").textContent = "Press Ctrl+C to copy";
  }
}
