import type { Transaction } from "#store/database.ts";
import { deleteCallCenters, insertCallCenter } from "./call-center-table.ts";
import type { Configuration } from "./config/configuration.ts";
import { deletePages, insertDigitMapping, insertPage } from "./page-table.ts";
import { deletePhones, insertPhone } from "./phone-table.ts";
import { deleteRoutes, insertRoute } from "./route-table.ts";
import { deleteSubjects, insertSubject } from "./subject-table.ts";
import { deleteSubscribers, insertSubscriber } from "./subscriber-table.ts";
import { deleteTrunks, insertTrunk } from "./trunk-table.ts";

/** The whole configuration in place of the whole earlier one: what vanished is gone. Permits, refusals and calls stay. */
export async function replaceConfiguration(tx: Transaction, configuration: Configuration): Promise<void> {
  await deletePages(tx);
  await deleteRoutes(tx);
  await deletePhones(tx);
  await deleteCallCenters(tx);
  await deleteSubjects(tx);
  await deleteSubscribers(tx);
  await deleteTrunks(tx);

  for (const trunk of configuration.trunks) await insertTrunk(tx, trunk);
  for (const subscriber of configuration.subscribers) await insertSubscriber(tx, subscriber);
  for (const subject of configuration.subjects) await insertSubject(tx, subject);
  for (const center of configuration.centers) await insertCallCenter(tx, center);
  for (const phone of configuration.phones) await insertPhone(tx, phone);
  for (const route of configuration.routes) await insertRoute(tx, route);
  for (const page of configuration.pages) await insertPage(tx, page);
  for (const mapping of configuration.digitMappings) await insertDigitMapping(tx, mapping);
}
