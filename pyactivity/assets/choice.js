// What is selected and what the filters let through, pair by pair. Of a pair with names single files may be selected, of
// one without all or none.
const choice = {};
const view = { text: "", period: null, order: "newest", hideBulk: false, hideStreams: false, hideArchived: false, onlyChosen: false, tab: "activity" };

function prepareChoice() {
  choice.fileOn = new Uint8Array(data.filePair.length);
  choice.files = new Float64Array(data.pairs); // selected
  choice.bytes = new Float64Array(data.pairs);
  choice.matchFiles = data.pair_files; // let through by the filters
  choice.matchBytes = data.pair_bytes;
  choice.bothFiles = new Float64Array(data.pairs);
  choice.fileMatch = null; // all
  choice.bytesApart = 0;
  // The files of each activity let through but for the period: a share of those that came in bulk, and of the others.
  choice.share = [new Float64Array(data.activities).fill(1), new Float64Array(data.activities).fill(1)];
}

// Select, or not, what the filters let through of a pair.
function setPair(p, on) {
  const files = data.pair_files[p], from = data.fileStart[p], to = data.fileStart[p + 1];
  if (!choice.matchFiles[p]) return;
  if (choice.matchFiles[p] === files) {
    choice.fileOn.fill(on ? 1 : 0, from, to);
    choice.files[p] = on ? files : 0;
    choice.bytes[p] = on ? data.pair_bytes[p] : 0;
    return;
  }
  for (let f = from; f < to; f++) if (choice.fileMatch[f]) choice.fileOn[f] = on ? 1 : 0;
  recount(p);
}

// What a file adds to a sum: a further hard link to an inode nothing.
function ownBytes(f) {
  return data.file_again[f] ? 0 : data.file_bytes[f];
}

function setFile(f, on) {
  choice.fileOn[f] = on ? 1 : 0;
  recount(data.filePair[f]);
}

function recount(p) {
  let files = 0, bytes = 0;
  for (let f = data.fileStart[p]; f < data.fileStart[p + 1]; f++) {
    if (choice.fileOn[f]) {
      files++;
      bytes += ownBytes(f);
    }
  }
  choice.files[p] = files;
  choice.bytes[p] = bytes;
}

// Bytes of selected further hard links whose first name is not selected: on a medium they take their room.
function bytesApart() {
  const { fileOn } = choice, first = new Set(), apart = new Set();
  let bytes = 0;
  for (const f of data.linked) if (fileOn[f] && !data.file_again[f]) first.add(data.file_inode[f]);
  for (const f of data.linked) {
    const inode = data.file_inode[f];
    if (!fileOn[f] || first.has(inode) || apart.has(inode)) continue;
    apart.add(inode);
    bytes += data.file_bytes[f];
  }
  return bytes;
}

// Count what is both selected and let through.
function joinChoice() {
  choice.bytesApart = bytesApart();
  const { files, matchFiles, bothFiles, fileMatch, fileOn } = choice;
  for (let p = 0; p < data.pairs; p++) {
    if (!files[p] || !matchFiles[p]) bothFiles[p] = 0;
    else if (matchFiles[p] === data.pair_files[p]) bothFiles[p] = files[p];
    else if (files[p] === data.pair_files[p]) bothFiles[p] = matchFiles[p];
    else {
      let count = 0;
      for (let f = data.fileStart[p]; f < data.fileStart[p + 1]; f++) count += fileOn[f] & fileMatch[f];
      bothFiles[p] = count;
    }
  }
}

// Apply text, marks and period. Several words must all stand somewhere in a path; a word may hold slashes.
function applyFilters() {
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  const hidden = (p) => (data.arriving[data.pairActivity[p]] ? view.hideStreams : view.hideBulk && data.pair_bulk[p])
    || (view.hideArchived && data.pair_archived[p] === data.pair_files[p]);
  choice.fileMatch = null;
  if (!words.length && !view.hideBulk && !view.hideStreams && !view.hideArchived && !view.period) {
    choice.matchFiles = data.pair_files;
    choice.matchBytes = data.pair_bytes;
    for (const share of choice.share) share.fill(1);
    return;
  }
  const files = new Float64Array(data.pairs), bytes = new Float64Array(data.pairs), share = [0, 1].map(() => new Float64Array(data.activities));
  const hits = words.length ? findWords(words) : null;
  choice.fileMatch = hits && hits.files;
  for (let p = 0; p < data.pairs; p++) {
    const a = data.pairActivity[p];
    if (hidden(p)) continue;
    if (!hits || hits.directories[data.pairDirectory[p]]) {
      files[p] = data.pair_files[p];
      bytes[p] = data.pair_bytes[p];
    } else {
      for (let f = data.fileStart[p]; f < data.fileStart[p + 1]; f++) {
        if (hits.files[f]) {
          files[p]++;
          bytes[p] += ownBytes(f);
        }
      }
    }
    share[data.pair_bulk[p]][a] += files[p] / (data.pair_bulk[p] ? data.files[a] - data.byHand[a] : data.byHand[a]);
    if (!inPeriod(a)) files[p] = bytes[p] = 0;
  }
  Object.assign(choice, { matchFiles: files, matchBytes: bytes, share });
}

function inPeriod(a) {
  if (!view.period) return true;
  const { from, to } = view.period;
  return Boolean(data.on_axis[a]) && data.firstWall[a] < to && data.lastWall[a] >= from;
}

// Which directories have all words in their path, and which files have them in theirs.
function findWords(words) {
  const directories = new Uint8Array(data.depth.length).fill(1), files = new Uint8Array(data.filePair.length).fill(1);
  const lowered = loweredPaths();
  for (const word of words) {
    const inPath = new Uint8Array(lowered.length);
    for (let d = 0; d < lowered.length; d++) {
      inPath[d] = lowered[d].includes(word) ? 1 : 0;
      directories[d] &= inPath[d];
    }
    const inName = word.includes("/") ? findAcross(word, lowered) : findInNames(word);
    for (let f = 0; f < files.length; f++) files[f] &= inPath[data.pairDirectory[data.filePair[f]]] | inName[f];
  }
  return { directories, files };
}

function findInNames(word) {
  const text = data.file_name.lowered, found = new Uint8Array(data.filePair.length);
  let f = 0, start = 0;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, start)) {
    // Names between the last hit and this one are passed by, NUL by NUL.
    for (let end = text.indexOf("\0", start); end < at; end = text.indexOf("\0", start)) {
      f++;
      start = end + 1;
    }
    found[f++] = 1;
    start = text.indexOf("\0", at) + 1;
    if (!start) break;
  }
  return found;
}

// A word with a slash may begin in the directory and end in the name.
function findAcross(word, lowered) {
  const found = new Uint8Array(data.filePair.length), cut = word.lastIndexOf("/");
  const left = word.slice(0, cut), right = word.slice(cut + 1), names = data.file_name.lowered.split("\0");
  const ends = lowered.map((path) => ("/" + path).endsWith(left));
  for (let f = 0; f < found.length; f++) {
    if (ends[data.pairDirectory[data.filePair[f]]] && names[f].startsWith(right)) found[f] = 1;
  }
  return found;
}

let lowerCache = null;
function loweredPaths() {
  if (lowerCache) return lowerCache;
  lowerCache = new Array(data.depth.length).fill("");
  const names = data.directory_name.lowered.split("\0");
  for (let d = 1; d < lowerCache.length; d++) {
    const above = lowerCache[data.parent[d]];
    lowerCache[d] = above ? `${above}/${names[d]}` : names[d];
  }
  return lowerCache;
}
