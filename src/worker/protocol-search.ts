/** The part of the protocol that is about trying many settings, and one setting with many seeds. */

// biome-ignore lint/suspicious/noEmptyInterface: its calls follow
export interface SearchCalls {}
