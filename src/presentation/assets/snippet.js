// For subscribers' pages. A plain link to /talk/<subscriber>/<subject> works without this file; with it the link also says
// which page it stood on. Links are recognised by `data-tandem`, or by pointing to /talk/ on the host this file came from.
(() => {
  const platform = new URL(document.currentScript?.src || location.href).origin;

  function mark(link) {
    let url;
    try {
      url = new URL(link.href);
    } catch {
      return;
    }
    if (!/^https?:$/.test(url.protocol)) return;
    const ours = url.origin === platform && url.pathname.startsWith("/talk/");
    if (!ours && !link.hasAttribute("data-tandem")) return;
    // What the page's author wrote stands. Address parts that may hold secrets of the site (query, fragment) stay here.
    add(url, "page", location.origin + location.pathname, 500);
    add(url, "title", document.title, 120);
    add(url, "ref", withoutQuery(document.referrer), 500);
    link.href = url.href;
  }

  function add(url, name, value, longest) {
    const clean = value.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
    const cut = Array.from(clean).slice(0, longest);
    while (cut.join("").length > longest) cut.pop();
    if (cut.length > 0 && !url.searchParams.has(name))
      url.searchParams.set(name, cut.join("").toWellFormed?.() ?? cut.join(""));
  }

  function withoutQuery(address) {
    return address.split(/[?#]/)[0];
  }

  // At the moment of the click the title is the one that the visitor sees, also in a page that changes itself. The other two are "open in a new tab".
  for (const act of ["click", "auxclick", "contextmenu"]) {
    addEventListener(
      act,
      (event) => {
        const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
        if (link) mark(link);
      },
      true,
    );
  }
})();
