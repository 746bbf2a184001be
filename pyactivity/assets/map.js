// A map of the directories: each as large as its files, or bytes, of the period and the filter, and in it those below.
const map = { node: null }; // of which directory; null for all

const MAP_LEAST = 26; // pixels: what is smaller has no name

function showsMap() {
  return view.tab === "map";
}

function paintMap() {
  const box = byId("map");
  box.hidden = !showsMap();
  byId("list").hidden = byId("keys").hidden = showsMap();
  if (!showsMap()) return;
  const root = data.pairs ? rootNode() : null, node = map.node ?? root;
  const area = { x: 0, y: 24, width: Math.max(280, box.clientWidth), height: Math.max(300, box.clientHeight) - 24 };
  box.replaceChildren(root ? mapWay(root, node) : element("p", "empty", "Nothing here."));
  if (root) for (const tile of tiled(mapParts(node), area)) paintTile(box, tile, 0);
}

function mapValue(node) {
  return node.order.sum(view.measure === "bytes" ? "matchBytes" : "match", node.from, node.to);
}

// What a directory consists of: those in it, and the files directly in it.
function mapParts(node) {
  const end = directEnd(node), parts = subnodes(node).map((sub) => ({ node: sub, value: mapValue(sub) }));
  const own = { ...node, to: end }, value = end > node.from ? mapValue(own) : 0;
  if (value) parts.push({ files: own, value });
  return parts.filter((part) => part.value > 0).sort((one, other) => other.value - one.value);
}

// Squarified treemap (Bruls, Huizing, van Wijk 2000): rows along the shorter side, as long as they become squarer.
function tiled(parts, { x, y, width, height }) {
  const tiles = [];
  let left = parts.reduce((sum, part) => sum + part.value, 0), rest = parts;
  while (rest.length && width > 1 && height > 1) {
    const scale = (width * height) / left, side = Math.min(width, height);
    let taken = 1, sum = rest[0].value, worst = ratioOf(rest, 1, sum, scale, side);
    while (taken < rest.length) {
      const next = ratioOf(rest, taken + 1, sum + rest[taken].value, scale, side);
      if (next > worst) break;
      sum += rest[taken++].value;
      worst = next;
    }
    const depth = (sum * scale) / side;
    let along = 0;
    for (const part of rest.slice(0, taken)) {
      const length = (part.value / sum) * side;
      tiles.push(width >= height ? { ...part, x, y: y + along, width: depth, height: length } : { ...part, x: x + along, y, width: length, height: depth });
      along += length;
    }
    if (width >= height) [x, width] = [x + depth, width - depth];
    else [y, height] = [y + depth, height - depth];
    left -= sum;
    rest = rest.slice(taken);
  }
  return tiles;
}

// How long and thin the worst tile of a row of the first `taken` parts is.
function ratioOf(parts, taken, sum, scale, side) {
  const depth = (sum * scale) / side;
  return [parts[0], parts[taken - 1]].reduce((worst, part) => {
    const length = (part.value * scale) / depth;
    return Math.max(worst, length / depth, depth / length);
  }, 0);
}

function paintTile(box, tile, level) {
  if (tile.width < 3 || tile.height < 3) return;
  const made = element(tile.node ? "button" : "span", `tile depth-${level}`), shown = tile.node ?? tile.files;
  for (const [name, value] of [["left", tile.x], ["top", tile.y], ["width", tile.width - 1], ["height", tile.height - 1]]) made.style[name] = `${value}px`;
  const name = tile.node ? display(pathOf(tile.node.directory, data.parent[tile.node.top])) : "files in here";
  const files = counted(shown.order.sum("match", shown.from, shown.to), "file"), size = humaneBytes(Math.round(shown.order.sum("matchBytes", shown.from, shown.to)));
  made.title = `${tile.node ? display(pathOf(tile.node.directory)) : name}: ${files}, ${size}`;
  made.setAttribute("aria-label", made.title);
  if (tile.width > 2 * MAP_LEAST && tile.height > 16) made.append(element("bdi", "", name), tile.width > 150 ? ` ${view.measure === "bytes" ? size : files}` : "");
  if (tile.node) {
    made.type = "button";
    made.addEventListener("click", () => openInMap(tile.node));
  }
  box.append(made);
  if (level || !tile.node || tile.width < 3 * MAP_LEAST || tile.height < 2 * MAP_LEAST) return;
  const inner = { x: tile.x + 4, y: tile.y + 20, width: tile.width - 9, height: tile.height - 25 };
  for (const below of tiled(mapParts(tile.node), inner)) paintTile(box, below, 1);
}

function openInMap(node) {
  map.node = node;
  paintMap();
  byId("map").querySelector("button")?.focus();
}

// The directories above, each to go back to.
function mapWay(root, node) {
  const way = element("nav", "mapway"), steps = [root];
  way.setAttribute("aria-label", "Directory shown");
  while (steps.at(-1).directory !== node.directory) {
    const next = subnodes(steps.at(-1)).find((sub) => sub.directory <= node.directory && node.directory < data.end[sub.directory]);
    if (!next) break;
    steps.push(next);
  }
  for (const step of steps) {
    const button = element("button", "crumb", step === root ? display(pathOf(root.directory)) || display(facts.root) : display(pathOf(step.directory, data.parent[step.top])));
    button.type = "button";
    button.addEventListener("click", () => openInMap(step === root ? null : step));
    way.append(button);
  }
  return way;
}
