/**
 * Texts are cut at so many UTF-16 units before they are sent, so that no row is too large for a message. One of exactly
 * this length may be longer at the source.
 */
export const LONGEST_TEXT = 16_384;
