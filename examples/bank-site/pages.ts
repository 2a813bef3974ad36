import { html } from "ghtml";
import { type Language, offers, type Subject, subjects, words } from "./offers.ts";
import { demoCustomer } from "./token.ts";

export interface Site {
  /** Tandem's origin. */
  readonly tandem: string;
  readonly language: Language;
  /** Of this page, without its language: empty for the home page. */
  readonly path: string;
}

/** One button a subject, on one page. */
export function homePage(site: Site): string {
  const say = words[site.language];
  const cards = subjects.map((subject) => {
    const offer = offers[site.language][subject];
    return html`<article class="card">
        <h2>${offer.title}</h2>
        <p class="figure">${offer.figure} <small>${offer.figureSays}</small></p>
        <p>${offer.lead}</p>
        <p class="acts">
          <a class="button" href="${talkLink(site, subject)}">${say.speakShort}<span class="hidden">: ${offer.title}</span></a>
          <a href="${prefix(site.language)}/${subject}">${say.more}<span class="hidden">: ${offer.title}</span></a>
        </p>
      </article>`;
  });
  return layout(site, {
    title: "Example Bank",
    body: html`<section class="hero"><h1>${say.slogan}</h1><p>${say.lead}</p></section>
      <div class="cards">!${cards}</div>`,
  });
}

/** Two buttons: with the bank's signed token, and the plain link that any static page could hold. */
export function subjectPage(site: Site, subject: Subject, token: string): string {
  const say = words[site.language];
  const offer = offers[site.language][subject];
  return layout(site, {
    title: offer.title,
    body: html`<section class="hero"><h1>${offer.title}</h1><p>${offer.lead}</p>
        <p class="figure">${offer.figure} <small>${offer.figureSays}</small></p></section>
      <div class="two">
        <ul class="points">!${offer.points.map((point) => html`<li>${point}</li>`)}</ul>
        <aside class="card" aria-labelledby="talk">
          <h2 id="talk">${say.speak(offer.title)}</h2>
          <p>${say.signedIn(demoCustomer.name)} ${say.callMeSays}</p>
          <p><a class="button" href="${talkLink(site, subject, token)}">${say.callMe}</a></p>
          <p class="or">${say.typed}</p>
          <p><a class="button quiet" href="${talkLink(site, subject)}">${say.speakShort}</a></p>
        </aside>
      </div>`,
  });
}

/** Pushed by `1 #`. */
export function ratesPage(site: Site): string {
  const say = words[site.language];
  const rows = subjects.map((subject) => {
    const offer = offers[site.language][subject];
    return html`<tr><th scope="row">${offer.title}</th><td>${offer.figure} ${offer.figureSays}</td></tr>`;
  });
  return layout(site, {
    title: say.rates,
    body: html`<h1>${say.rates}</h1>
      <table><thead><tr><th scope="col">${say.offer}</th><th scope="col">${say.rate}</th></tr></thead><tbody>!${rows}</tbody></table>`,
  });
}

/** Pushed by `1 2 #`. */
export function calculatorPage(site: Site, wish: { amount: number; years: number; rate: number }): string {
  const say = words[site.language];
  const payment = new Intl.NumberFormat(site.language, { style: "currency", currency: "USD" }).format(
    monthly(wish),
  );
  return layout(site, {
    title: say.calculator,
    body: html`<h1>${say.calculator}</h1>
      <form class="card" method="get">
        <label>${say.amount}<input name="amount" inputmode="decimal" value="${wish.amount}"></label>
        <label>${say.years}<input name="years" inputmode="numeric" value="${wish.years}"></label>
        <label>${say.interest}<input name="rate" inputmode="decimal" value="${wish.rate}"></label>
        <button class="button">${say.compute}</button>
        <p class="figure" role="status">${payment} <small>${say.aMonth}</small></p>
      </form>`,
  });
}

export function notFoundPage(site: Site): string {
  const say = words[site.language];
  return layout(site, {
    title: say.notFound,
    body: html`<h1>${say.notFound}</h1><p>${say.notFoundSays}</p>
      <p><a class="button" href="${prefix(site.language) || "/"}">${say.toHome}</a></p>`,
  });
}

/** The payment of an annuity loan. */
function monthly({ amount, years, rate }: { amount: number; years: number; rate: number }): number {
  const months = years * 12;
  const interest = rate / 1200;
  return interest === 0 ? amount / months : (amount * interest) / (1 - (1 + interest) ** -months);
}

/** `/talk/<subscriber>/<subject>`: all that a button is. The snippet adds which page it stood on. */
function talkLink(site: Site, subject: Subject, token?: string): string {
  const link = new URL(`/talk/bank/${subject}`, site.tandem);
  link.searchParams.set("lang", site.language);
  if (token !== undefined) link.searchParams.set("token", token);
  return link.href;
}

function layout(site: Site, page: { readonly title: string; readonly body: string }): string {
  const say = words[site.language];
  const other = site.language === "en" ? "es" : "en";
  // English has no prefix, and some addresses without one are for every language: this link says which is meant.
  const elsewhere = other === "es" ? `/es${site.path}` : `${site.path || "/"}?lang=en`;
  const links = subjects.map(
    (subject) =>
      html`<a href="${prefix(site.language)}/${subject}" !${site.path === `/${subject}` ? 'aria-current="page"' : ""}>${offers[site.language][subject].title}</a>`,
  );
  return html`<!doctype html>
<html lang="${site.language}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${page.title}${page.title === "Example Bank" ? "" : " - Example Bank"}</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/style.css">
    <script src="${site.tandem}/snippet.js" defer></script>
  </head>
  <body>
    <header>
      <a class="mark" href="${prefix(site.language) || "/"}">Example Bank</a>
      <nav aria-label="${say.home}">!${links}<a href="${elsewhere}" lang="${other}" hreflang="${other}">${say.other}</a></nav>
    </header>
    <main>!${page.body}</main>
    <footer>${say.footer}</footer>
  </body>
</html>`;
}

function prefix(language: Language): string {
  return language === "en" ? "" : "/es";
}
