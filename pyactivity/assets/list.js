// The list on the screen: as many elements as fit, whatever the number of rows, driven by mouse and keyboard.
const list = { rows: [], tops: new Float64Array(1), current: 0 };
const HEIGHT = { activity: 62, other: 34 };
const narrow = matchMedia("(max-width: 820px)"); // where page.css gives an activity another line
const orders = {};

function refreshRows() {
  list.rows = flattened();
  HEIGHT.activity = narrow.matches ? 116 : 62;
  numberRows();
  list.tops = new Float64Array(list.rows.length + 1);
  list.rows.forEach((row, i) => { list.tops[i + 1] = list.tops[i] + (HEIGHT[row.kind] ?? HEIGHT.other); });
  list.current = Math.max(0, Math.min(list.current, list.rows.length - 1));
  byId("rows").style.height = `${list.tops[list.rows.length]}px`;
  paintRows();
}

// Which of how many in its directory each row is: rows off the screen are no elements, so no reader could count them.
function numberRows() {
  const open = []; // level by level, the rows met so far of the directory on the way
  for (const row of list.rows) {
    while (open.length > row.level + 1) open.pop();
    const level = open[row.level] ??= { size: 0 };
    row.position = ++level.size;
    row.siblings = level;
  }
}

function rowAt(y) {
  let low = 0, high = list.rows.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (list.tops[middle] <= y) low = middle;
    else high = middle;
  }
  return low;
}

// After a scroll or a resize the same rows stay as they are: a click needs one element from press to release.
function paintMovedRows() {
  const box = byId("list");
  if (`${firstShown(box)} ${endShown(box)}` !== list.painted) paintRows();
}

function firstShown(box) {
  return Math.max(0, rowAt(box.scrollTop) - 3);
}

function endShown(box) {
  return Math.min(list.rows.length, rowAt(box.scrollTop + box.clientHeight) + 4);
}

function paintRows() {
  const box = byId("list"), from = firstShown(box), to = endShown(box);
  list.painted = `${from} ${to}`;
  const made = [];
  for (let i = from; i < to; i++) made.push(painted(list.rows[i], i));
  if (!list.rows.length) made.push(element("p", "empty", "Nothing here. Another period or filter may show more."));
  byId("rows").replaceChildren(...made);
  if (list.current >= from && list.current < to) box.setAttribute("aria-activedescendant", `row-${list.current}`);
  else box.removeAttribute("aria-activedescendant");
}

function painted(row, i) {
  const line = element("div", `row ${row.kind}`), state = stateOf(row), words = worded(row);
  line.id = `row-${i}`;
  line.dataset.row = i;
  line.style.top = `${list.tops[i]}px`;
  line.setAttribute("role", "treeitem");
  line.setAttribute("aria-level", row.level + 1);
  line.setAttribute("aria-posinset", row.position);
  line.setAttribute("aria-setsize", row.siblings.size);
  line.setAttribute("aria-checked", ["false", "true", "mixed"][state]);
  if (row.node) line.setAttribute("aria-expanded", isUnfolded(row.node));
  line.setAttribute("aria-label", [words.number && `activity ${words.number}`, words.title, words.detail, words.mark, words.safe, words.count, words.size].filter(Boolean).join(", "));
  if (i === list.current) line.classList.add("current");
  const indent = element("span", "indent");
  indent.style.width = `${Math.min(row.level, 12) * 18}px`;
  const twist = element("span", row.node ? "twist" : "twist none", row.node ? (isUnfolded(row.node) ? "▾" : "▸") : "");
  const box = element("span", "box", ["", "✓", "–"][state]);
  if (row.kind === "more") box.classList.add("none");
  const text = element("span", "text"), title = element("span", "title");
  title.append(element("bdi", "", words.title));
  if (words.number) {
    const number = element("span", "number", words.number);
    number.title = `pyactivity select --activity ${words.number}`;
    title.prepend(number, " ");
  }
  if (words.ago) title.append(" ", element("span", "ago", words.ago));
  if (words.mark) title.append(" ", element("span", "mark", words.mark));
  text.append(title);
  if (words.safe) title.append(" ", element("span", words.safe === "archived" ? "mark safe" : "mark risk", words.safe));
  if (words.parts) text.append(isolated(words.parts));
  text.title = words.tip ?? words.title;
  const size = element("span", "size", words.size);
  if (words.tight) {
    size.classList.add("tight");
    size.title = "more than what would still fit";
  }
  line.append(indent, twist, box, text);
  if (row.kind === "activity" && shareOf(row.node.activity)) line.append(shareBars(row.node.activity));
  line.append(element("span", "count", words.count), size);
  return line;
}

function worded(row) {
  if (row.kind === "file") return wordedFile(row.file);
  if (row.kind === "more") return { title: `${grouped(row.more)} more files: filter by name to see them`, count: "", size: "" };
  if (row.kind === "unnamed") {
    const p = row.pair, when = row.inner ? `, ${spanText(...wallsOf(data.pairActivity[p]))}` : "";
    return {
      title: `directly in here${when}: names are not in this page`,
      count: counted(data.pair_files[p], "file"), size: humaneBytes(data.pair_bytes[p]),
    };
  }
  const { order, from, to, activity, directory, top } = row.node;
  const files = order.sum("match", from, to), bytes = order.sum("matchBytes", from, to);
  const words = { count: counted(files, "file"), size: humaneBytes(bytes) };
  words.tight = activity >= 0 && !row.level && room() >= 0 && bytes - order.sum("chosenBytes", from, to) > room();
  if (row.kind === "directory") {
    words.title = display(row.level ? pathOf(directory, data.parent[top]) : pathOf(directory)) || display(facts.root);
    words.tip = display(pathOf(directory)) || words.title;
    return words;
  }
  words.title = spanText(...wallsOf(activity));
  words.number = data.number[activity] ? String(data.number[activity]) : "";
  words.ago = agoText(data.firstWall[activity]);
  words.mark = facts.marks[data.mark[activity]];
  words.safe = archivedText(activity);
  words.parts = carriedParts(activity);
  words.detail = words.parts.map((part) => part.join("")).join(", ");
  words.tip = words.detail;
  return words;
}

function wordedFile(f) {
  const p = data.filePair[f], seconds = data.first_s[data.pairActivity[p]] + data.file_s[f];
  return {
    title: display(data.file_name.at(f)), tip: display(filePath(f)), count: momentText(seconds),
    size: data.file_again[f] ? "hard link" : humaneBytes(data.file_bytes[f]),
  };
}

function wallsOf(a) {
  return [data.firstWall[a], data.lastWall[a]];
}

function archivedText(a) {
  if (!data.archived) return "";
  const missing = data.files[a] - data.archived[a];
  return !missing ? "archived" : data.archived[a] ? `${counted(missing, "file")} in no archive` : "in no archive";
}

// Where an activity lies: names of directories, what stands before each and what behind.
// "photos/2026 (812), docs (12), 3 elsewhere, + 900 unpacked in src"
function carriedParts(a) {
  const found = carriersOf(a), told = found.reduce((sum, carrier) => sum + carrier.files, 0);
  const total = data.worked[a] || data.byHand[a] || data.files[a], name = (path) => display(path) || "the top";
  const bulk = data.byHand[a] ? facts.bulk[a] ?? [] : [];
  const history = data.worked[a] ? data.byHand[a] - data.worked[a] : 0;
  const alone = found.length === 1 && told === total && !bulk.length && !history;
  const parts = found.map(({ directory, files }) => ["", name(pathOf(directory)), alone ? "" : ` (${grouped(files)})`]);
  if (told < total) parts.push([`${grouped(total - told)} elsewhere`, "", ""]);
  if (history) parts.push([`+ ${grouped(history)} of version control`, "", ""]);
  return parts.concat(bulk.map(([how, path, files]) => [`+ ${grouped(files)} ${how} in `, name(path), ""]));
}

// A name may be written from right to left: what is around it must not be drawn into that.
function isolated(parts) {
  const line = element("span", "detail");
  parts.forEach(([before, name, behind], i) => line.append(i ? `, ${before}` : before, element("bdi", "", name), behind));
  return line;
}

function goTo(i) {
  if (!list.rows.length) return;
  list.current = Math.max(0, Math.min(i, list.rows.length - 1));
  const box = byId("list"), top = list.tops[list.current], end = list.tops[list.current + 1];
  if (top < box.scrollTop) box.scrollTop = top;
  else if (end > box.scrollTop + box.clientHeight) box.scrollTop = end - box.clientHeight;
  paintRows();
}

function unfold(row, open) {
  if (!row.node) return;
  unfolded.set(keyOf(row.node), open);
  refreshRows();
}

function toggle(row) {
  select(row, stateOf(row) !== 1);
  choiceChanged();
}

function listKey(event) {
  const row = list.rows[list.current], page = Math.max(1, Math.floor(byId("list").clientHeight / HEIGHT.other) - 2);
  if (event.ctrlKey || event.altKey || event.metaKey || !row) return;
  const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
  if (event.key in moves) goTo(list.current + moves[event.key]);
  else if (event.key === "ArrowRight") row.node && !isUnfolded(row.node) ? unfold(row, true) : row.node && goTo(list.current + 1);
  else if (event.key === "ArrowLeft") row.node && isUnfolded(row.node) ? unfold(row, false) : goTo(above(list.current));
  else if (event.key === "Enter") row.node ? unfold(row, !isUnfolded(row.node)) : toggle(row);
  else if (event.key === " ") toggle(row);
  else return;
  event.preventDefault();
}

function above(i) {
  const level = list.rows[i].level;
  while (i > 0 && list.rows[i].level >= level) i--;
  return i;
}

function listClick(event) {
  const line = event.target.closest(".row");
  if (!line) return;
  const row = list.rows[Number(line.dataset.row)];
  list.current = Number(line.dataset.row);
  if (event.target.closest(".box") || !row.node) toggle(row);
  else unfold(row, !isUnfolded(row.node));
}

function prepareList() {
  const box = byId("list");
  box.addEventListener("scroll", () => requestAnimationFrame(paintMovedRows), { passive: true });
  box.addEventListener("keydown", listKey);
  box.addEventListener("click", listClick);
  narrow.addEventListener("change", refreshRows);
  new ResizeObserver(paintMovedRows).observe(box);
}
