// The demo shop: browse, click a product, see what looks like it, narrow it down. Talks to /v1 only.
const PAGE = 24;
const FACETS = ["size", "color_family", "category"];
const FIELDS = "title,photo,price,effective_price,currency,available";
const $ = (selector) => document.querySelector(selector);
const filters = $("#filters");
let latest = 0; // only the newest question may draw

function make(tag, attributes = {}, ...children) {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
}

const photo = (product) => make("img", {
  className: "photo", loading: "lazy", alt: product.title, ...(product.photo && { src: product.photo }),
});

function money(amount, currency) {
  return currency ? new Intl.NumberFormat("en", { style: "currency", currency }).format(amount) : amount.toFixed(2);
}

function price(product) {
  const now = product.effective_price;
  if (now === undefined) return make("p", { className: "price" });
  const before = product.price !== undefined && product.price > now ? product.price : null;
  const line = make("p", { className: "price" });
  if (before) line.append(make("b", {}, money(now, product.currency)), " ", make("s", {}, money(before, product.currency)));
  else line.append(money(now, product.currency));
  if (product.available === false) line.append(" · sold out");
  return line;
}

function card({ id, product, score, fill }) {
  const said = fill ? "Same category" : score === undefined ? "" : `${Math.round(score * 100)} % alike`;
  const alike = said ? [make("p", { className: "price" }, said)] : [];
  return make("li", {}, make("a", { href: `#/p/${encodeURIComponent(id)}` },
    photo(product), make("p", { className: "title" }, product.title), price(product), ...alike));
}

function cards({ hits }) { // what completes a page stands behind a line of its own
  const drawn = hits.map(card), filled = hits.findIndex(({ fill }) => fill);
  if (filled < 0) return drawn;
  drawn.splice(filled, 0, make("li", { className: "line" }, "No closer matches. More of the same category:"));
  return drawn;
}

async function ask(path) {
  const response = await fetch(path);
  const body = await response.json();
  if (!response.ok) throw Object.assign(new Error(body.message), { detail: body.detail });
  return { body, timing: response.headers.get("Server-Timing") };
}

function drawFacets(facets) {
  const chosen = new FormData(filters);
  for (const name of FACETS) {
    const group = filters.querySelector(`[data-facet=${name}]`);
    const values = (facets?.[name] ?? []).slice(0, 24);
    for (const value of chosen.getAll(name)) { // what is chosen stays visible, to be taken back
      if (!values.some((each) => each.value === value)) values.push({ value, count: 0 });
    }
    group.hidden = values.length === 0;
    group.querySelector(".chips").replaceChildren(...values.map(({ value, count }) => make("label", {},
      make("input", { type: "checkbox", name, value, checked: chosen.getAll(name).includes(value) }),
      value, " ", make("small", {}, String(count)))));
  }
}

function drawCurrencies(currencies) { // only a shop that prices things in several has to choose
  const select = filters.elements.currency;
  select.parentElement.hidden = false;
  select.replaceChildren(make("option", { value: "" }, "choose"), ...currencies.map((name) => make("option", {}, name)));
}

function question(offset) {
  const parameters = new URLSearchParams();
  for (const [name, value] of new FormData(filters)) if (value !== "") parameters.append(name, value);
  parameters.set("fields", FIELDS);
  parameters.set("facets", FACETS.join(","));
  parameters.set("limit", PAGE);
  parameters.set("offset", offset);
  const [, id] = location.hash.match(/^#\/p\/(.+)$/) ?? [];
  if (id) {
    parameters.set("total", "true");
    parameters.set("fill", "category");
    return { id: decodeURIComponent(id), path: `/v1/products/${id}/similar?${parameters}` };
  }
  const q = new FormData($("#search")).get("q").trim();
  if (q) parameters.set("q", q);
  return { path: `/v1/products?${parameters}` };
}

async function drawSource(id, mine) {
  const source = $("#source");
  source.hidden = !id;
  if (!id || source.dataset.id === id) return;
  const { body: product } = await ask(`/v1/products/${encodeURIComponent(id)}`);
  if (mine !== latest) return;
  source.dataset.id = id;
  const words = [product.brand, product.category?.join(" › "), product.color, product.material].filter(Boolean);
  source.replaceChildren(photo(product), make("div", {}, make("h1", {}, product.title),
    make("p", { className: "price" }, words.join(" · ")), price(product),
    make("p", { className: "price" }, (product.sizes_available ?? []).length
      ? `In stock: ${product.sizes_available.join(", ")}` : ""),
    make("a", { href: "#/" }, "Back to all products")));
}

async function draw(offset = 0) {
  const mine = ++latest;
  const { id, path } = question(offset);
  const summary = $("#summary");
  $("#request").textContent = `GET ${path}`;
  try {
    const [{ body, timing }] = await Promise.all([ask(path), drawSource(id, mine)]);
    if (mine !== latest) return;
    if (!offset) $("#grid").replaceChildren();
    $("#grid").append(...cards(body));
    drawFacets(body.facets);
    $("#warnings").replaceChildren(...body.warnings.map(({ message }) => make("p", {}, message)));
    const shown = offset + body.hits.filter(({ fill }) => !fill).length;
    const filled = body.hits.some(({ fill }) => fill);
    $("#more").hidden = filled || body.hits.length < PAGE || shown >= body.total || shown + PAGE > 1000;
    summary.className = "";
    summary.textContent = body.total === 0 ? (filled ? "Nothing here looks alike." : "Nothing passes these filters.")
      : `${shown} of ${body.total ?? "many"} products${id ? " that look alike, most alike first" : ""}`;
    $("#timing").textContent = [timing, body.model && `${body.model.name} ${body.model.version}`,
      body.plan && `${body.plan.strategy}: ${body.plan.reason}`].filter(Boolean).join(" · ");
  } catch (error) {
    if (mine !== latest) return;
    $("#grid").replaceChildren();
    $("#more").hidden = true;
    $("#warnings").replaceChildren();
    if (error.detail?.currencies) drawCurrencies(error.detail.currencies);
    summary.className = "error";
    summary.textContent = error.message;
  }
}

let wait;
filters.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(() => draw(), 150); });
filters.addEventListener("reset", () => setTimeout(() => draw()));
filters.addEventListener("submit", (event) => event.preventDefault());
$("#search").addEventListener("submit", (event) => {
  event.preventDefault();
  if (location.hash.startsWith("#/p/")) location.hash = "#/";
  else draw();
});
$("#more").addEventListener("click", () => draw($("#grid").querySelectorAll("a").length));
addEventListener("hashchange", () => { filters.reset(); scrollTo(0, 0); });
draw();
