// The address after "#": a path and its parameters, so that every view can be shared as a link.

export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const parts = path.split("/").filter(Boolean).map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { parts, params: Object.fromEntries(new URLSearchParams(query)) };
}

export function href(path, params = {}) {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== ""));
  return `#${path}${query.size ? `?${query}` : ""}`;
}

export const policyHref = (id, params) => href(`/policies/${encodeURIComponent(id)}`, params);

export const subscribeHref = (id, params) => href(`/policies/${encodeURIComponent(id)}/subscribe`, params);
