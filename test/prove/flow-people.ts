/** Who takes part in `prove flow`: Ann's number, what Bob's center is dialled by, and the tone that each speaks with. */
export const annsNumber = "+12025550123";
export const dnis = "7001";
export const annsTone = 700;
export const bobsTone = 1000;
