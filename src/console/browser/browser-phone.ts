/** The program of the pages that are telephones: which of the two this page is, its `data-page` says. */
import { agentPage } from "./agent-page.ts";
import { visitorPage } from "./visitor-page.ts";

const root = document.querySelector<HTMLElement>("[data-phone]");
if (root?.dataset["page"] === "agent") agentPage(root);
else if (root !== null) visitorPage(root);
