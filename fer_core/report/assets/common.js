"use strict";
// What both pages share. Text from outside enters the page as text only, never as HTML.

const DATA = JSON.parse(document.getElementById("data").textContent);
const { emotions: EMOTIONS, colours: COLOURS } = DATA;
const PLOT = "#1b1d20"; // the palette was chosen for a dark ground, as in the annotated video

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function swatch(emotion) {
  const made = element("span", { className: "swatch" });
  made.style.background = COLOURS[emotion];
  return made;
}

function clock(seconds) {
  const whole = Math.max(0, seconds);
  const h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, s = whole % 60;
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  const tail = `${two(m)}:${two(s)}.${Math.floor((s % 1) * 10)}`;
  return h ? `${h}:${tail}` : tail;
}

function percent(part) {
  return `${Math.round(100 * part)} %`;
}

function bar(shares) {
  const made = element("div", { className: "bar" });
  shares.forEach((share, index) => {
    if (share <= 0) return;
    const part = element("span", { title: `${EMOTIONS[index]} ${percent(share)}` });
    part.style.cssText = `width:${100 * share}%;background:${COLOURS[index]}`;
    made.append(part);
  });
  return made;
}

function layout(more) {
  const grid = { gridcolor: "#3a3d42", zerolinecolor: "#3a3d42", linecolor: "#3a3d42" };
  const text = getComputedStyle(document.body).color;
  const made = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: PLOT, font: { color: text, size: 12 },
    margin: { l: 60, r: 12, t: 8, b: 36 }, ...more,
  };
  for (const name of Object.keys(made)) {
    if (/^[xy]axis/.test(name)) made[name] = { ...grid, ...made[name] };
  }
  return made;
}

const CONFIG = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] };
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  const text = getComputedStyle(document.body).color;
  document.querySelectorAll(".js-plotly-plot").forEach((plot) => Plotly.relayout(plot, { "font.color": text }));
});
