// Renders openapi.json as a readable list with a form to try each operation. No dependency, works offline.

const METHODS = ["get", "post", "put", "patch", "delete"];

/** An element; `children` are nodes or text, never markup. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const api = await (await fetch("openapi.json")).json();

function resolve(schema) {
  let found = schema ?? {};
  for (let depth = 0; found.$ref && depth < 8; depth += 1) {
    found = found.$ref.slice(2).split("/").reduce((node, key) => node?.[key], api) ?? {};
  }
  return found;
}

/** A short name for a schema: "string", "CharacterView[]", "string or null". */
function typeName(schema) {
  if (schema?.$ref) return schema.$ref.split("/").pop();
  const alternatives = schema?.anyOf ?? schema?.oneOf;
  if (alternatives) return alternatives.map(typeName).join(" or ");
  if (schema?.type === "array") return `${typeName(schema.items)}[]`;
  if (schema?.const !== undefined) return JSON.stringify(schema.const);
  if (schema?.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  return schema?.format ? `${schema.type} (${schema.format})` : (schema?.type ?? "any");
}

/** A value that fits the schema, from its examples where it has some. */
function sample(schema, depth = 0) {
  const found = resolve(schema);
  if (found.examples?.length) return found.examples[0];
  if (found.default !== undefined) return found.default;
  if (found.const !== undefined) return found.const;
  if (found.enum) return found.enum[0];
  const alternatives = found.anyOf ?? found.oneOf;
  if (alternatives) return sample(alternatives[0], depth);
  if (depth > 5) return null;
  switch (found.type) {
    case "object":
      return Object.fromEntries(Object.entries(found.properties ?? {}).map(([key, value]) => [key, sample(value, depth + 1)]));
    case "array":
      return [];
    case "integer":
    case "number":
      return found.minimum ?? 0;
    case "boolean":
      return false;
    default:
      return "";
  }
}

/** Prose of openapi.json, where a word between backticks is code and an empty line begins a paragraph. */
function prose(text) {
  const words = (text ?? "").trim().split("`");
  return words.map((part, index) => (index % 2 && index < words.length - 1 ? el("code", {}, part) : part));
}

const paragraphs = (text) => (text ?? "").trim().split(/\n\s*\n/).map((one) => el("p", {}, ...prose(one)));

function fieldsTable(schema) {
  const found = resolve(schema);
  const rows = Object.entries(found.properties ?? {}).map(([name, field]) =>
    el("tr", {},
      el("td", {}, el("code", {}, name), found.required?.includes(name) ? " *" : ""),
      el("td", {}, typeName(field)),
      el("td", {}, ...prose(resolve(field).description ?? field.description))));
  return rows.length ? el("table", {}, el("tbody", {}, ...rows)) : el("p", {}, typeName(schema));
}

function jsonSchemaOf(content) {
  return content?.["application/json"]?.schema;
}

function tryForm(method, path, operation) {
  const form = el("form");
  const inputs = [];
  for (const parameter of operation.parameters ?? []) {
    const id = `${method}-${path}-${parameter.name}`;
    const input = el("input", { id, ...(parameter.required ? { required: "" } : {}) });
    inputs.push([parameter, input]);
    form.append(el("label", { for: id }, `${parameter.name} (${parameter.in}${parameter.required ? ", required" : ""})`), input);
    if (parameter.description) form.append(el("span", {}, parameter.description));
  }
  const bodySchema = jsonSchemaOf(operation.requestBody?.content);
  let body;
  if (bodySchema) {
    const id = `${method}-${path}-body`;
    body = el("textarea", { id, spellcheck: "false" });
    body.value = JSON.stringify(sample(bodySchema), null, 2);
    form.append(el("label", { for: id }, "Body (JSON)"), body);
  }
  const output = el("pre", { role: "status", hidden: "" });
  form.append(el("button", { type: "submit" }, "Try it"), output);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let address = path;
    const query = new URLSearchParams();
    for (const [parameter, input] of inputs) {
      if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      else if (parameter.in === "query" && input.value !== "") query.set(parameter.name, input.value);
    }
    const headers = {};
    const token = document.getElementById("token").value.trim();
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers["Content-Type"] = "application/json";
    output.hidden = false;
    output.textContent = "…";
    try {
      const suffix = query.size ? `?${query}` : "";
      const response = await fetch(address.slice(1) + suffix, { method: method.toUpperCase(), headers, body: body?.value });
      const text = await response.text();
      let shown = text;
      try {
        const value = JSON.parse(text);
        shown = JSON.stringify(value, null, 2);
        if (response.ok && value.access_token) document.getElementById("token").value = value.access_token;
      } catch { /* not JSON: shown as it came */ }
      output.textContent = `${response.status} ${response.statusText}\n\n${shown}`;
    } catch (error) {
      output.textContent = `No answer: ${error.message}`;
    }
  });
  return form;
}

function operationView(method, path, operation) {
  const answers = Object.entries(operation.responses ?? {}).map(([status, answer]) => {
    const schema = jsonSchemaOf(answer.content);
    return el("tr", {}, el("td", {}, status), el("td", {}, ...prose(answer.description)), el("td", {}, schema ? typeName(schema) : ""));
  });
  const ok = Object.entries(operation.responses ?? {}).find(([status]) => status.startsWith("2"));
  const okSchema = ok && jsonSchemaOf(ok[1].content);
  const bodySchema = jsonSchemaOf(operation.requestBody?.content);
  const details = el("details", { id: operation.operationId ?? `${method}${path}` },
    el("summary", {}, el("span", { class: "method" }, method.toUpperCase()), el("code", {}, path),
      el("span", { class: "note" }, `${operation.summary ?? ""}${operation.security ? " · needs a token" : ""}`)),
    el("div", { class: "body" },
      ...paragraphs(operation.description),
      ...(bodySchema ? [el("h4", {}, "Body"), fieldsTable(bodySchema)] : []),
      ...(okSchema ? [el("h4", {}, "Answer"), fieldsTable(okSchema)] : []),
      el("h4", {}, "Statuses"), el("table", {}, el("tbody", {}, ...answers)),
      el("h4", {}, "Try it"), tryForm(method, path, operation)));
  details.dataset.words = `${method} ${path} ${operation.summary ?? ""} ${operation.description ?? ""}`.toLowerCase();
  return details;
}

document.getElementById("about").replaceChildren(...paragraphs(`Version ${api.info.version}. ${(api.info.description ?? "").trim()}`));
document.getElementById("token-form").addEventListener("submit", (event) => event.preventDefault());

const groups = new Map((api.tags ?? []).map((tag) => [tag.name, { about: tag.description ?? "", operations: [] }]));
for (const [path, item] of Object.entries(api.paths)) {
  for (const method of METHODS.filter((name) => item[name])) {
    const name = item[method].tags?.[0] ?? "other";
    if (!groups.has(name)) groups.set(name, { about: "", operations: [] });
    groups.get(name).operations.push(operationView(method, path, item[method]));
  }
}
const list = document.getElementById("operations");
for (const [name, group] of groups) {
  if (group.operations.length) list.append(el("section", {}, el("h2", {}, name), ...paragraphs(group.about), ...group.operations));
}

document.getElementById("filter").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const view of list.querySelectorAll("details")) view.hidden = !words.every((word) => view.dataset.words.includes(word));
  for (const section of list.querySelectorAll("section")) section.hidden = !section.querySelector("details:not([hidden])");
});
if (location.hash) document.getElementById(location.hash.slice(1))?.setAttribute("open", "");
