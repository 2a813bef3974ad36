import type {
  CallCenter,
  DigitMapping,
  LibraryPage,
  Phone,
  Route,
  Subject,
  Subscriber,
  Trunk,
} from "../records.ts";

/** Everything that a configuration file says, as the records that stand in the database. */
export interface Configuration {
  readonly trunks: readonly Trunk[];
  readonly subscribers: readonly Subscriber[];
  readonly subjects: readonly Subject[];
  readonly centers: readonly CallCenter[];
  readonly phones: readonly Phone[];
  readonly routes: readonly Route[];
  readonly pages: readonly LibraryPage[];
  readonly digitMappings: readonly DigitMapping[];
}
