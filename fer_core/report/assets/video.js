"use strict";
// One video: the player, the timeline with its cursor, episodes, shares and facts.

const MOST_POINTS = 1000; // of each line: more than the screen shows
const MOST_LANES = 12;
const DASHES = ["solid", "dash", "dot", "solid", "solid", "dashdot", "solid"];
const chart = document.getElementById("chart");
const picker = document.getElementById("track");
const lanes = DATA.tracks.slice(0, MOST_LANES);
let video = null;
let cursor = 0;

// A live camera's page shows the wall clock; plots take its times as if they were UTC.
const LIVE = DATA.begin !== undefined;
const BEGIN = LIVE ? Date.parse(`${DATA.begin}Z`) : 0;
const toAxis = (seconds) => (LIVE ? new Date(BEGIN + 1000 * seconds).toISOString().slice(0, -1) : seconds);
const fromAxis = (value) => (LIVE ? (Date.parse(`${String(value).replace(" ", "T")}Z`) - BEGIN) / 1000 : value);
const at = (seconds) => (LIVE ? toAxis(seconds).slice(11, 19) : clock(seconds));
const WALL_CLOCK = { type: "date", tickformatstops: [{ dtickrange: [null, 59999], value: "%H:%M:%S" }, { dtickrange: [60000, null], value: "%H:%M" }] };
const span = () => chart.layout.xaxis.range.map(fromAxis);

function makePlayer() {
  const place = document.getElementById("player");
  if (LIVE) { // of which there are records, and no video
    place.hidden = true;
    return;
  }
  if (!DATA.video) {
    place.append(element("p", { className: "quiet", textContent: "No video to show: it was not annotated, and its file is not here." }));
    return;
  }
  // A server shows originals under names of its own: they lie outside of what it serves.
  const served = location.protocol.startsWith("http") && DATA.is_original;
  video = element("video", { src: served ? DATA.original : DATA.video, controls: true, preload: "metadata", playsInline: true });
  video.addEventListener("error", () => place.append(element("p", { className: "quiet", textContent: "This browser cannot play the video." })));
  for (const name of ["timeupdate", "seeking", "seeked"]) video.addEventListener(name, () => moveCursor(mediaTime()));
  video.addEventListener("play", follow);
  place.append(video);
}

const mediaTime = () => video.currentTime - DATA.offset_s;

function follow() {
  moveCursor(mediaTime());
  if (!video.paused && !video.ended) requestAnimationFrame(follow);
}

function seek(seconds) {
  const time = Math.min(Math.max(0, seconds), DATA.length_s);
  if (video) video.currentTime = time + DATA.offset_s;
  else moveCursor(time);
}

function moveCursor(time) {
  if (!DATA.tracks.length) return; // nobody is shown: there is no timeline
  const [from, to] = span();
  if (Math.abs(time - cursor) < (to - from) / 2000) return;
  cursor = time;
  chart.dataset.cursor = time.toFixed(2);
  Plotly.relayout(chart, Object.fromEntries(["[0].x0", "[0].x1", "[1].x0", "[1].x1"].map((end) => [`shapes${end}`, toAxis(time)])));
  for (const [index, button] of [...document.querySelectorAll("#episodes button")].entries()) {
    const [start, end] = DATA.episodes[index];
    button.classList.toggle("now", time >= start && time <= end);
  }
}

// Mean over all faces of each bin, as if it were a track.
function everybody() {
  const last = Math.max(0, ...DATA.tracks.map((t) => t.first + t.p.length));
  const p = Array.from({ length: last }, (_, bin) => {
    const seen = DATA.tracks.map((t) => t.p[bin - t.first]).filter(Boolean);
    return seen.length ? EMOTIONS.map((_, e) => seen.reduce((sum, v) => sum + v[e], 0) / seen.length) : null;
  });
  return { id: null, first: 0, p };
}

const ALL = DATA.tracks.length > 1 ? everybody() : null;
const chosen = () => (picker.value === "all" ? ALL : DATA.tracks[Number(picker.value)]);

// A track's lines within [from, to] seconds, with no more points than the screen shows.
function curves(track, from, to) {
  const width = DATA.bin_s;
  const start = Math.max(track.first, Math.floor(from / width));
  const end = Math.min(track.first + track.p.length, Math.ceil(to / width) + 1);
  const step = Math.max(1, Math.ceil((end - start) / MOST_POINTS));
  const x = [], lines = EMOTIONS.map(() => []);
  for (let bin = start; bin < end; bin += step) {
    const seen = track.p.slice(bin - track.first, Math.min(bin + step, end) - track.first).filter(Boolean);
    x.push(toAxis((bin + Math.min(step, end - bin) / 2) * width));
    lines.forEach((line, e) => line.push(seen.length ? seen.reduce((sum, v) => sum + v[e], 0) / seen.length / 100 : null));
  }
  return { x, lines };
}

// The strongest emotion of each of the longest tracks, as coloured rows.
function laneTrace() {
  const bins = Math.max(1, ...lanes.map((t) => t.first + t.p.length));
  const step = Math.max(1, Math.ceil(bins / (2 * MOST_POINTS)));
  const x = Array.from({ length: Math.ceil(bins / step) }, (_, i) => toAxis((i + 0.5) * step * DATA.bin_s));
  const text = [];
  const z = lanes.map((track) => {
    const names = [];
    const row = x.map((_, i) => {
      const values = track.p.slice(Math.max(0, i * step - track.first), Math.max(0, (i + 1) * step - track.first)).find(Boolean);
      const best = values ? values.indexOf(Math.max(...values)) : null;
      names.push(values ? `face ${track.id}: ${EMOTIONS[best]} ${values[best]} %` : "");
      return best;
    });
    text.push(names);
    return row;
  });
  const scale = COLOURS.flatMap((colour, i) => [[i / 7, colour], [(i + 1) / 7, colour]]);
  return {
    type: "heatmap", x, y: lanes.map((t) => `face ${t.id}`), z, text, hovertemplate: "%{text}<extra></extra>",
    hoverongaps: false, colorscale: scale, zmin: -0.5, zmax: 6.5, showscale: false, ygap: 2, yaxis: "y2",
  };
}

function lineTraces() {
  return EMOTIONS.map((name, e) => ({
    type: "scatter", mode: "lines", name, x: [], y: [], hovertemplate: `${name} %{y:.0%}<extra></extra>`,
    line: { color: COLOURS[e], width: name === "neutral" ? 1.5 : 2.2, dash: DASHES[e], shape: "linear" },
  }));
}

function redraw() {
  const [from, to] = span();
  const { x, lines } = curves(chosen(), from, to);
  Plotly.restyle(chart, { x: EMOTIONS.map(() => x), y: lines }, EMOTIONS.map((_, e) => e));
}

// The cursor: white with a dark edge, so that it is seen on every colour.
function cursorLines() {
  const place = { type: "line", xref: "x", yref: "paper", x0: toAxis(0), x1: toAxis(0), y0: 0, y1: 1 };
  return [["#000000", 5], ["#ffffff", 2]].map(([color, width]) => ({ ...place, line: { color, width } }));
}

const gapShade = ([from, to]) => ({
  type: "rect", xref: "x", yref: "paper", x0: toAxis(from), x1: toAxis(to), y0: 0, y1: 1, fillcolor: "#8a8f98", opacity: 0.45, line: { width: 0 },
});

function makeChart() {
  const split = lanes.length ? 0.88 - 0.04 * lanes.length : 1;
  Plotly.newPlot(chart, [...lineTraces(), ...(lanes.length ? [laneTrace()] : [])], layout({
    xaxis: { range: [toAxis(0), toAxis(DATA.length_s)], showspikes: false, anchor: "y", ...(LIVE ? WALL_CLOCK : { ticksuffix: " s" }) },
    yaxis: { range: [0, 1.02], domain: [0, split], tickformat: ".0%", fixedrange: true },
    yaxis2: { domain: [split + 0.04, 1], autorange: "reversed", fixedrange: true, type: "category", showgrid: false, automargin: true },
    legend: { orientation: "h", yref: "container", y: 0, yanchor: "bottom", x: 0, bgcolor: PLOT, font: { color: "#ececee" } }, hovermode: "x", hoverdistance: -1, dragmode: "zoom",
    margin: { l: 60, r: 12, t: 8, b: 96 },
    shapes: [...cursorLines(), ...(DATA.gaps || []).map(gapShade)],
  }), CONFIG);
  // Not Plotly's own event: that knows points, and there are none where the chosen face is not seen.
  chart.addEventListener("click", (event) => {
    const area = event.target.closest(".nsewdrag");
    if (!area) return;
    const { left, width } = area.getBoundingClientRect(), [from, to] = span();
    seek(from + (event.clientX - left) / width * (to - from));
  });
  chart.on("plotly_relayout", (change) => {
    if (Object.keys(change).some((key) => key.startsWith("xaxis"))) {
      if (change["xaxis.autorange"]) Plotly.relayout(chart, { "xaxis.range": [toAxis(0), toAxis(DATA.length_s)] });
      else redraw();
    }
  });
  redraw();
}

function makePicker() {
  if (ALL) picker.append(element("option", { value: "all", textContent: "everybody (mean)" }));
  DATA.tracks.forEach((track, index) => picker.append(element("option", { value: index, textContent: `face ${track.id} (${track.seconds} s)` })));
  picker.value = "0";
  picker.addEventListener("change", redraw);
}

function makeEpisodes() {
  const list = document.querySelector("#episodes ol");
  document.getElementById("episodes-help").textContent = DATA.episodes.length
    ? "Stretches of a second or more above 60 %; neutral ones are left out." : "No emotion but neutral was shown for a second above 60 %.";
  for (const [start, end, peak, p, track, emotion] of DATA.episodes) {
    const button = element("button", { type: "button", title: "go to its peak" }, swatch(emotion),
      element("b", { textContent: EMOTIONS[emotion] }),
      element("span", { className: "at", textContent: `${at(start)} – ${at(end)}` }),
      element("span", { className: "quiet", textContent: `face ${track}, peak ${percent(p)} at ${at(peak)}` }));
    button.addEventListener("click", () => { choose(track); seek(peak); });
    list.append(element("li", {}, button));
  }
}

// Where each emotion was most probable, however weak: the answer to "where is the peak of …?"
function makePeaks() {
  const list = document.getElementById("peaks");
  for (const [emotion, [time, p, track]] of DATA.peaks.entries()) {
    const button = element("button", { type: "button", title: `face ${track}: go to where ${EMOTIONS[emotion]} peaks` },
      swatch(emotion), ` ${EMOTIONS[emotion]} `, element("span", { className: "at", textContent: at(time) }),
      element("span", { className: "quiet", textContent: ` ${percent(p)}` }));
    button.addEventListener("click", () => { choose(track); seek(time); });
    list.append(button);
  }
}

// When a live camera gave no picture, and why.
function makeGaps() {
  const list = document.querySelector("#gaps ol");
  document.getElementById("gaps").hidden = !LIVE;
  for (const [from, to, why] of DATA.gaps || []) {
    const button = element("button", { type: "button", title: "go there" },
      element("span", { className: "at", textContent: `${at(from)} – ${at(to)}` }), element("span", { className: "quiet", textContent: why }));
    button.addEventListener("click", () => seek(from));
    list.append(element("li", {}, button));
  }
  if (LIVE && !DATA.gaps.length) list.replaceWith(element("p", { className: "quiet", textContent: "None that was noted." }));
}

function choose(id) {
  const index = DATA.tracks.findIndex((track) => track.id === id);
  if (index < 0 || picker.value === String(index)) return;
  picker.value = String(index);
  redraw();
}

function makeShares() {
  const place = document.querySelector("#shares div");
  for (const track of DATA.tracks) {
    const line = element("span", { textContent: ` ${track.seconds} s, mean confidence ${percent(track.confidence)}` });
    const button = element("button", { type: "button", title: "show this face" });
    if (DATA.thumbnails[track.id]) button.append(element("img", { className: "thumb", src: DATA.thumbnails[track.id], alt: `face ${track.id}` }));
    const best = track.shares.map((share, e) => [share, e]).filter(([share]) => share >= 0.005).sort((a, b) => b[0] - a[0]);
    button.append(element("b", { textContent: `face ${track.id}` }), line, bar(track.shares),
      element("span", { className: "quiet", textContent: best.map(([share, e]) => `${EMOTIONS[e]} ${percent(share)}`).join(", ") }));
    button.addEventListener("click", () => choose(track.id));
    place.append(button);
  }
  if (DATA.tracks_left_out) place.append(element("p", { className: "quiet", textContent: `${DATA.tracks_left_out} shorter ones are left out here; the records have them.` }));
  const none = DATA.faces_found
    ? `${DATA.faces_found} faces were found, all of them too small, blurred or turned away to be believed. With --min-side 0 --min-sharpness 0 --max-yaw 90, fer report shows them.`
    : "No face was found.";
  if (!DATA.tracks.length) place.append(element("p", { className: "quiet", textContent: none }));
}

function makeConfidence() {
  const step = 1 / DATA.histogram.length;
  if (DATA.tracks.length) Plotly.newPlot("histogram", [{
    type: "bar", x: DATA.histogram.map((_, i) => (i + 0.5) * step), y: DATA.histogram, width: step * 0.9,
    marker: { color: "#56b4e9" }, hovertemplate: "%{x:.0%}: %{y} faces<extra></extra>",
  }], layout({ xaxis: { range: [0, 1], tickformat: ".0%" }, yaxis: { title: { text: "faces" } }, margin: { l: 60, r: 12, t: 8, b: 28 } }), { ...CONFIG, displayModeBar: false });
  for (const text of DATA.worth) document.getElementById("worth").append(element("p", { className: "quiet", textContent: text }));
}

function makeFacts() {
  const table = document.querySelector("#facts table");
  for (const [name, value] of DATA.facts) table.append(element("tr", {}, element("th", { textContent: name }), element("td", { textContent: value })));
}

function neighbour(direction) {
  const peaks = DATA.episodes.map((e) => [e[2], e[4]]).sort((a, b) => a[0] - b[0]);
  const now = cursor;
  const found = direction > 0 ? peaks.find(([t]) => t > now + 0.05) : peaks.reverse().find(([t]) => t < now - 0.05);
  if (found) { choose(found[1]); seek(found[0]); }
}

function play() {
  // A pause that comes before the video has begun to play is no error.
  video.play().catch((error) => { if (error.name !== "AbortError") throw error; });
}

const KEYS = {
  " ": () => video && (video.paused ? play() : video.pause()),
  ArrowLeft: (e) => seek(cursor - (e.shiftKey ? 10 : 1)), ArrowRight: (e) => seek(cursor + (e.shiftKey ? 10 : 1)),
  ",": () => seek(cursor - DATA.bin_s), ".": () => seek(cursor + DATA.bin_s),
  n: () => neighbour(1), p: () => neighbour(-1),
  ArrowUp: () => step(-1), ArrowDown: () => step(1),
};

function step(by) {
  const next = picker.selectedIndex + by;
  if (next >= 0 && next < picker.options.length) { picker.selectedIndex = next; redraw(); }
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, video") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === " " && event.target.closest("button, a")) return;
  if (KEYS[event.key]) { event.preventDefault(); KEYS[event.key](event); }
});

document.getElementById("where").textContent = DATA.where;
makePlayer();
makePicker();
makeEpisodes();
makePeaks();
makeGaps();
makeShares();
makeConfidence();
makeFacts();
if (DATA.tracks.length) makeChart();
else for (const name of ["timeline", "where-most", "episodes", "histogram"]) document.getElementById(name).hidden = true;
