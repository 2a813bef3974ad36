/**
 * What the supervisor and a spare say to each other, a line each: it has loaded all that can be loaded before its lines are its own; and it
 * is to take them. A spare of the release before this word came says nothing.
 */
export const loadedLine = '{"loaded":true}';
export const beginLine = "begin";
