// The running total against a medium.
const MEDIA = [
  ["a 650 MB CD", 333000 * 2048], ["a 700 MB CD", 360000 * 2048], ["a DVD", 4700372992], ["a double layer DVD", 8543666176],
  ["a 25 GB Blu-ray", 25025314816], ["a 50 GB Blu-ray", 50050629632], ["a 100 GB Blu-ray", 100103356416],
  ["a 128 GB Blu-ray", 128001769472],
];
const medium = { name: MEDIA[1][0], bytes: MEDIA[1][1] };

// Bytes of a size as people write it: "64 GB", "1.5 TiB", "700M"; NaN where it is none.
function readSize(text) {
  const found = /^\s*([0-9]+(?:[.,][0-9]+)?)\s*([kmgt]?)(i?)b?\s*$/i.exec(text);
  if (!found) return NaN;
  const power = " kmgt".indexOf(found[2].toLowerCase() || " ");
  return Math.floor(Number(found[1].replace(",", ".")) * (found[3] ? 1024 : 1000) ** power);
}

function totals() {
  const { activity } = orders;
  return { files: activity.sum("chosen", 0, data.pairs), bytes: activity.sum("chosenBytes", 0, data.pairs) + choice.bytesApart };
}

function room() {
  return medium.bytes - totals().bytes;
}

function paintTray() {
  const { files, bytes } = totals(), share = medium.bytes ? (bytes / medium.bytes) * 100 : 0, over = bytes > medium.bytes;
  byId("total").replaceChildren(element("strong", "", humaneBytes(bytes)), ` of ${medium.name}`,
    element("span", "quiet", files ? `, ${counted(files, "file")}` : ", nothing selected"));
  byId("filled").style.width = `${Math.min(100, bytes ? Math.max(share, 0.5) : 0)}%`;
  byId("meter").classList.toggle("over", over);
  byId("meter").setAttribute("aria-valuenow", Math.round(Math.min(share, 100)));
  byId("meter").setAttribute("aria-valuetext", byId("total").textContent);
  if (Number.isNaN(medium.bytes)) byId("room").textContent = "That is no size: 64 GB, 1.5 TiB";
  else {
    const left = `${humaneBytes(Math.abs(medium.bytes - bytes))} ${over ? "too much" : "would still fit"}`;
    byId("room").replaceChildren(left, element("span", "", ", before compression"));
  }
  for (const id of ["save", "copy", "clear"]) byId(id).disabled = !files;
  byId("command").textContent = command();
}

function mediumChanged() {
  const index = Number(byId("medium").value), own = index === MEDIA.length;
  byId("own-size").hidden = !own;
  Object.assign(medium, own ? { name: byId("size").value, bytes: readSize(byId("size").value) }
    : { name: MEDIA[index][0], bytes: MEDIA[index][1] });
  paintTray();
  paintRows();
}

// Files that are one of several hard links, by activity.
function linksByActivity() {
  const links = new Map();
  for (const f of data.linked) {
    const a = data.pairActivity[data.filePair[f]];
    if (!links.has(a)) links.set(a, []);
    links.get(a).push(f);
  }
  return links;
}

// What the links of an activity take on a medium beyond their share of its sums, which have an inode's bytes with its first
// name: more where only a further name is here, less where a name of it is stored already.
function linkedRoom(links, stored) {
  const inodes = new Set();
  let bytes = 0;
  for (const f of links) {
    if (choice.fileOn[f] || !choice.matchFiles[data.filePair[f]] || choice.fileMatch && !choice.fileMatch[f]) continue;
    const inode = data.file_inode[f];
    if (!data.file_again[f]) bytes -= data.file_bytes[f];
    if (!stored.has(inode) && !inodes.has(inode)) bytes += data.file_bytes[f];
    inodes.add(inode);
  }
  return { bytes, inodes };
}

// Whole activities, newest first, each that fits into the room left; no bulk, and only what the filters let through.
function fillUp() {
  let left = room(), skipped = 0, skippedBytes = 0;
  const links = linksByActivity(), stored = new Set();
  for (const f of data.linked) if (choice.fileOn[f]) stored.add(data.file_inode[f]);
  for (let a = 0; a < data.activities; a++) {
    if (!data.on_axis[a]) continue;
    const node = activityNode(a), { order, from, to } = node;
    if (!data.byHand[a]) {
      const matching = order.sum("match", from, to) - order.sum("both", from, to);
      skipped += matching;
      if (matching) skippedBytes += order.sum("matchBytes", from, to);
      continue;
    }
    const linked = linkedRoom(links.get(a) ?? [], stored);
    const missing = linked.bytes + order.sum("matchBytes", from, to) - (order.sum("both", from, to) ? order.sum("chosenBytes", from, to) : 0);
    if (!order.sum("match", from, to) || order.sum("both", from, to) === order.sum("match", from, to) || missing > left) continue;
    select({ kind: "activity", node }, true);
    left -= missing;
    for (const inode of linked.inodes) stored.add(inode);
  }
  choiceChanged();
  if (skipped) byId("room").append(element("span", "", `; ${counted(skipped, "file")} that came in bulk (${humaneBytes(skippedBytes)}) not taken`));
}

function prepareMedium() {
  MEDIA.forEach(([name], i) => byId("medium").append(new Option(name, i)));
  byId("medium").append(new Option("another size", MEDIA.length));
  byId("medium").value = 1;
  byId("medium").addEventListener("change", mediumChanged);
  byId("size").addEventListener("input", mediumChanged);
  byId("fill").addEventListener("click", fillUp);
  byId("clear").addEventListener("click", () => {
    for (const name of ["files", "bytes"]) choice[name].fill(0);
    choice.fileOn.fill(0);
    choiceChanged();
  });
}
