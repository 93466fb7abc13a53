"use strict";
// All videos: a table to search and sort, and the hours of the day.

const PAGE = 200;
const COLUMNS = [
  ["name", "video"], ["camera", "camera"], ["start", "recorded"], ["length_s", "length"],
  ["status", "status"], ["tracks", "faces"], ["spark", "what was shown"], ["top", "mostly"],
];
let sorted = { key: "name", up: true };
let shown = PAGE;
const WHAT = DATA.videos.some((row) => row.status === "tail") ? "videos and days of cameras" : "videos";

function cells(row) {
  const name = element("td", { className: "name" }, element("a", { href: row.page, textContent: row.name }));
  const status = element("td", { textContent: row.status, className: ["ok", "tail"].includes(row.status) ? "" : "bad" });
  if (row.error) status.append(element("div", { className: "quiet", textContent: row.error }));
  const spark = element("td", { className: "spark" }, drawn(row.spark));
  return element("tr", {}, name, element("td", { textContent: row.camera || "" }), element("td", { textContent: row.start || "" }),
    element("td", { textContent: row.length_s ? clock(row.length_s) : "" }), status,
    element("td", { className: "faces", textContent: row.tracks }), spark, element("td", { textContent: row.top || "nobody seen" }));
}

function drawn(spark) {
  const canvas = element("canvas", { width: 160, height: 16 });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "strongest emotion along the video");
  const context = canvas.getContext("2d"), width = 160 / spark.length;
  context.fillStyle = PLOT;
  context.fillRect(0, 0, 160, 16);
  [...spark].forEach((digit, i) => {
    if (digit === "-") return;
    context.fillStyle = COLOURS[Number(digit)];
    context.fillRect(i * width, 0, Math.ceil(width), 16);
  });
  return canvas;
}

function compare(a, b) {
  const [x, y] = [a[sorted.key], b[sorted.key]].map((value) => value ?? "");
  const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), undefined, { numeric: true });
  return sorted.up ? order : -order;
}

function show() {
  const words = document.getElementById("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = DATA.videos.filter((row) => {
    const text = [row.name, row.camera, row.status, row.top, row.start, row.error].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  }).sort(compare);
  document.querySelector("#videos tbody").replaceChildren(...found.slice(0, shown).map(cells));
  document.getElementById("count").textContent = `${found.length} of ${DATA.videos.length} ${WHAT}`;
  document.getElementById("more").hidden = found.length <= shown;
}

function makeHead() {
  const buttons = COLUMNS.map(([key, title]) => {
    const button = element("button", { type: "button", textContent: title });
    const head = element("th", { scope: "col" }, button);
    button.addEventListener("click", () => {
      sorted = { key, up: sorted.key === key ? !sorted.up : true };
      document.querySelectorAll("#videos th").forEach((th) => th.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sorted.up ? "ascending" : "descending");
      show();
    });
    return head;
  });
  document.querySelector("#videos thead").append(element("tr", {}, ...buttons));
}

function options(select, values) {
  select.append(element("option", { value: "", textContent: "all" }));
  values.forEach((value) => select.append(element("option", { value, textContent: value })));
  select.addEventListener("change", heat);
}

const camera = document.getElementById("camera"), day = document.getElementById("day");

function heat() {
  const sums = Array.from({ length: 24 }, () => EMOTIONS.map(() => 0));
  for (const [name, date, hour, ...seconds] of DATA.hours) {
    if ((camera.value && name !== camera.value) || (day.value && date !== day.value)) continue;
    seconds.forEach((value, e) => { sums[hour][e] += value; });
  }
  const totals = sums.map((row) => row.reduce((a, b) => a + b, 0));
  const z = EMOTIONS.map((_, e) => sums.map((row, hour) => (totals[hour] ? row[e] / totals[hour] : null)));
  const text = EMOTIONS.map((name, e) => sums.map((row, hour) => `${name} at ${hour}:00–${hour + 1}:00: ${Math.round(row[e])} s of ${Math.round(totals[hour])} s`));
  Plotly.react("heat", [{
    type: "heatmap", x: sums.map((_, hour) => hour), y: EMOTIONS, z, text, hovertemplate: "%{text}<extra></extra>",
    hoverongaps: false, colorscale: "Viridis", zmin: 0, zmax: 1, colorbar: { tickformat: ".0%", thickness: 12 }, xgap: 1, ygap: 1,
  }], layout({ xaxis: { dtick: matchMedia("(max-width: 800px)").matches ? 6 : 2, tickangle: 0, automargin: true, title: { text: "hour of the day" }, range: [-0.5, 23.5] }, yaxis: { autorange: "reversed", automargin: true } }), { ...CONFIG, displayModeBar: false });
}

function makeHours() {
  if (!DATA.hours.length) {
    document.getElementById("hours").hidden = true;
    return;
  }
  options(camera, [...new Set(DATA.hours.map((row) => row[0]))].sort());
  options(day, [...new Set(DATA.hours.map((row) => row[1]))].sort());
  document.getElementById("hours-help").textContent = `Share of the seconds that faces were seen, by the clocks of ${DATA.timezone}.`;
  heat();
}

document.getElementById("where").textContent = DATA.where;
EMOTIONS.forEach((name, index) => document.getElementById("legend").append(element("span", {}, swatch(index), ` ${name}`)));
document.getElementById("search").addEventListener("input", () => { shown = PAGE; show(); });
document.getElementById("more").addEventListener("click", () => { shown += PAGE; show(); });
makeHead();
show();
makeHours();
