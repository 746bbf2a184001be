// What the page knows: facts in JSON, and columns of numbers and names, deflated, in base64 (see page_data.py).
const facts = JSON.parse(document.getElementById("facts").textContent);
const data = {};

async function inflated(element) {
  const text = atob(element.textContent);
  element.remove();
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function varints(bytes) {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] < 128) count++;
  const values = new Float64Array(count);
  let value = 0, weight = 1, place = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    value += (byte & 127) * weight;
    if (byte < 128) {
      values[place++] = value;
      value = 0;
      weight = 1;
    } else weight *= 128;
  }
  return values;
}

function zigzags(bytes) {
  const values = varints(bytes);
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const half = Math.floor(values[i] / 2);
    sum += values[i] % 2 ? -half - 1 : half;
    values[i] = sum;
  }
  return values;
}

// Names stay bytes until they are shown: ends[i] is where the NUL of name i stands.
class Names {
  constructor(bytes) {
    this.bytes = bytes;
    let count = 0;
    for (let i = 0; i < bytes.length; i++) if (!bytes[i]) count++;
    this.ends = new Int32Array(count);
    for (let i = 0, place = 0; i < bytes.length; i++) if (!bytes[i]) this.ends[place++] = i;
  }
  get length() { return this.ends.length; }
  at(i) { return decoded(this.bytes.subarray(i ? this.ends[i - 1] + 1 : 0, this.ends[i])); }
  // All names in small letters, each ended by a NUL; what is not UTF-8 is replaced.
  get lowered() {
    this._lowered ??= new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.bytes).toLowerCase();
    return this._lowered;
  }
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// UTF-8 as Python's surrogateescape reads it: a byte that belongs to no character becomes U+DC80 to U+DCFF.
function decoded(bytes) {
  try {
    return strict.decode(bytes);
  } catch {
    let text = "";
    for (let i = 0; i < bytes.length;) {
      const length = bytes[i] < 0x80 ? 1 : bytes[i] < 0xe0 ? 2 : bytes[i] < 0xf0 ? 3 : 4;
      try {
        text += strict.decode(bytes.subarray(i, i + length));
        i += length;
      } catch {
        text += String.fromCharCode(0xdc00 + bytes[i++]);
      }
    }
    return text;
  }
}

async function load() {
  const bytes = await inflated(document.getElementById("data"));
  const readers = {
    varint: varints,
    zigzag: zigzags,
    uint32: (part) => new Uint32Array(part.slice().buffer),
    names: (part) => new Names(part),
  };
  let start = 0;
  for (const [name, kind, length] of facts.columns) {
    data[name] = readers[kind](bytes.subarray(start, start + length));
    start += length;
  }
  joinTree();
  joinPairs();
  joinHours();
}

const REPOSITORIES = new Set([".git", ".hg", ".svn", ".bzr", ".jj"]);

function joinTree() {
  const count = data.depth.length, parent = new Int32Array(count).fill(-1), end = new Int32Array(count);
  const way = [];
  for (let d = 0; d < count; d++) {
    while (way.length > data.depth[d]) end[way.pop()] = d;
    if (way.length) parent[d] = way[way.length - 1];
    way.push(d);
  }
  while (way.length) end[way.pop()] = count;
  data.parent = parent;
  data.history = new Uint8Array(count); // the data of a version control, which its program wrote: told apart, as by bulk.py
  for (let d = 1; d < count; d++) {
    data.history[d] = data.history[parent[d]] || REPOSITORIES.has(data.directory_name.at(d)) ? 1 : 0;
  }
  data.end = end; // directories below d are d + 1 up to, but not, end[d]
}

function running(counts) {
  const starts = new Int32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) starts[i + 1] = starts[i] + counts[i];
  return starts;
}

function spread(starts) {
  const owner = new Int32Array(starts[starts.length - 1]);
  for (let i = 0; i + 1 < starts.length; i++) owner.fill(i, starts[i], starts[i + 1]);
  return owner;
}

function joinPairs() {
  data.activities = data.first_s.length;
  data.pairs = data.pair_directory.length;
  data.pairStart = running(data.pair_count);
  data.pairActivity = spread(data.pairStart);
  data.pairDirectory = Int32Array.from(data.pair_directory);
  data.fileStart = running(data.pair_files.map((files, p) => (data.pair_named[p] ? files : 0)));
  data.filePair = spread(data.fileStart);
  data.linked = []; // files that are one of several hard links
  for (let f = 0; f < data.filePair.length; f++) if (data.file_inode[f]) data.linked.push(f);
  data.files = new Float64Array(data.activities);
  data.byHand = new Float64Array(data.activities); // files that did not come in bulk
  data.worked = new Float64Array(data.activities); // of these, those that no version control wrote
  data.archived = data.pair_archived ? new Float64Array(data.activities) : null;
  data.bytes = new Float64Array(data.activities);
  for (let p = 0; p < data.pairs; p++) {
    data.files[data.pairActivity[p]] += data.pair_files[p];
    data.bytes[data.pairActivity[p]] += data.pair_bytes[p];
    if (!data.pair_bulk[p]) data.byHand[data.pairActivity[p]] += data.pair_files[p];
    if (!data.pair_bulk[p] && !data.history[data.pairDirectory[p]]) data.worked[data.pairActivity[p]] += data.pair_files[p];
    if (data.archived) data.archived[data.pairActivity[p]] += data.pair_archived[p];
  }
}

function joinHours() {
  data.hourActivity = spread(running(data.hour_count));
  data.firstWall = new Float64Array(data.activities);
  data.lastWall = new Float64Array(data.activities);
  for (let a = 0; a < data.activities; a++) {
    data.firstWall[a] = wall(data.first_s[a]);
    data.lastWall[a] = wall(data.first_s[a] + data.span_s[a]);
  }
}

// Seconds since 1970-01-01 00:00 by the clock on the wall, by offsets that Python took from the system's zone. Dates are
// computed from them with the UTC functions of Date: the browser's own zone plays no part.
function wall(seconds) {
  let low = 0, high = data.zone_s.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (data.zone_s[middle] <= seconds) low = middle;
    else high = middle;
  }
  return seconds + data.zone_offset_s[low];
}
