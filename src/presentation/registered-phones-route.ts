import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { PhoneName } from "#base/ids.ts";
import { mostPhonesInPage, registeredPhone, type RegisteredPhones } from "#contract/registered-phones.ts";
import type { FastifyInstance } from "fastify";
import Type from "typebox";
import { problemShape } from "./api-shapes.ts";
import { problem } from "./problem.ts";

/** The port that the unit's client is: who is registered, a page at a time. Undefined where the unit does not answer. */
export interface PhoneBook {
  phones(wish: {
    readonly limit: number;
    readonly after?: PhoneName;
  }): Promise<Pick<RegisteredPhones, "phones" | "next"> | undefined>;
}

const { phone } = registeredPhone.properties;

/** Within the operator's API, for its token: who is at their telephone, and where, is nobody else's business. */
export function registeredPhonesRoute(app: FastifyInstance, phoneBook: PhoneBook): void {
  app.withTypeProvider<TypeBoxTypeProvider>().get(
    "/api/phones",
    {
      schema: {
        tags: ["phones"],
        summary: "Phones that are registered now, by name.",
        querystring: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: mostPhonesInPage, default: 50 })),
          after: Type.Optional(phone),
        }),
        response: {
          200: Type.Object({ phones: Type.Array(registeredPhone), next: Type.Optional(phone) }),
          400: problemShape,
          401: problemShape,
          503: problemShape,
        },
      },
    },
    async (request, reply) => {
      const { limit = 50, after } = request.query;
      const page = await phoneBook.phones({ limit, ...(after === undefined ? {} : { after }) });
      if (page === undefined) {
        reply.header("retry-after", "5");
        return await problem(reply, 503, "The telecommunications unit, which knows them, does not answer.");
      }
      const { phones, next } = page;
      reply.header("cache-control", "no-store");
      return await reply.send({ phones, ...(next === undefined ? {} : { next }) });
    },
  );
}
