// Small canvases to draw characters on: one example a class, and the same once more to be told. Strokes stay in the
// browser; Python hears of them when "Use these drawings" is pressed: 28 x 28 grey bytes, ink bright, as base64.
const SIDE = 112, SMALL = 28, PEN = 9;
const ROWS = [["example", "one example"], ["target", "once more"]];

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".drawing");
  if (root.dataset.way === String(data.way)) return;
  root.dataset.way = String(data.way);
  root.replaceChildren();
  const boards = {};
  for (const [kind, words] of ROWS) {
    const row = add(root, "div", "row");
    add(row, "span", "words").textContent = words;
    boards[kind] = Array.from({ length: data.way }, (_, i) => board(row, `class ${i + 1}, ${words}`));
  }
  const buttons = add(root, "div", "row");
  add(buttons, "span", "words");
  const use = add(buttons, "button", "primary");
  use.textContent = "Use these drawings";
  use.onclick = () =>
    setTriggerValue(
      "drawn",
      boards.example.map((one, i) => ({ example: bytes(one), target: bytes(boards.target[i]) })),
    );
  const clear = add(buttons, "button", "");
  clear.textContent = "Clear all";
  clear.onclick = () => Object.values(boards).flat().forEach(wipe);
}

function add(parent, kind, name) {
  const made = document.createElement(kind);
  made.className = name;
  parent.append(made);
  return made;
}

function board(row, label) {
  const canvas = add(row, "canvas", "board");
  canvas.width = canvas.height = SIDE;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  canvas.title = `${label}; double click wipes it`;
  const ink = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(ink, { lineWidth: PEN, lineCap: "round", lineJoin: "round", strokeStyle: "#fff" });
  wipe(canvas);
  let last = null;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * SIDE) / box.width, ((event.clientY - box.top) * SIDE) / box.height];
  };
  const line = (to) => {
    ink.beginPath();
    ink.moveTo(...(last ?? to));
    ink.lineTo(...to);
    ink.stroke();
    last = to;
  };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    line(at(event));
  };
  canvas.onpointermove = (event) => last && line(at(event));
  canvas.onpointerup = canvas.onpointercancel = () => (last = null);
  canvas.ondblclick = () => wipe(canvas);
  return canvas;
}

function wipe(canvas) {
  const ink = canvas.getContext("2d");
  ink.fillStyle = "#000";
  ink.fillRect(0, 0, SIDE, SIDE);
}

function bytes(canvas) {
  // the mean over blocks of 4 x 4 pixels
  const pixels = canvas.getContext("2d").getImageData(0, 0, SIDE, SIDE).data, block = SIDE / SMALL;
  let text = "";
  for (let y = 0; y < SMALL; y++)
    for (let x = 0; x < SMALL; x++) {
      let sum = 0;
      for (let dy = 0; dy < block; dy++)
        for (let dx = 0; dx < block; dx++) sum += pixels[4 * ((y * block + dy) * SIDE + x * block + dx)];
      text += String.fromCharCode(Math.round(sum / (block * block)));
    }
  return btoa(text);
}
