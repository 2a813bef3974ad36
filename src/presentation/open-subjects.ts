import type { SubjectId } from "#base/ids.ts";
import type { SubjectFace, SubscriberFace, VisitorDesk } from "#call-manager/visitor-desk.ts";
import type { FastifyRequest } from "fastify";
import { visitorAddress } from "./visitor-address.ts";

/** What else this visitor can ask a subscriber about now: nobody is led from one closed door to the next. */
export async function openSubjects(
  desk: VisitorDesk,
  wish: {
    readonly subscriber: SubscriberFace;
    readonly but?: SubjectId;
    readonly from: FastifyRequest;
  },
): Promise<readonly SubjectFace[]> {
  const subscriber = wish.subscriber.id;
  const ipAddress = visitorAddress(wish.from);
  const open: SubjectFace[] = [];
  for (const subject of await desk.subjects(subscriber)) {
    if (subject.id === wish.but) continue;
    const { type } = await desk.availability({ subscriber, subject: subject.id, ipAddress });
    if (type === "open") open.push(subject);
    if (open.length === mostSubjects) break;
  }
  return open;
}

const mostSubjects = 12;
