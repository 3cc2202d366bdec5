/** The numbers of the contract that are not settings. Units are in the names. */
export const bounds = {
  /** Largest REST body and largest socket packet. */
  packetBytesMax: 128 * 1024,
  metadataBytesMax: 16 * 1024,
  /** The metadata object itself is level 1; arrays count. */
  metadataDepthMax: 8,
  /** Counted in code points; the setting CHAT_MESSAGE_MAX_LENGTH replaces it. */
  messageLengthMax: 5000,
  quoteLengthMax: 200,
  groupParticipantsMax: 1000,
  channelParticipantsMax: 100_000,
  /** People that one call may name, as listed. */
  namedPeopleMax: 1000,
  /** People of a channel that a conversation object shows. */
  channelParticipantsShown: 100,
  /** Above this many participants a receipt is announced to the message's sender only. */
  receiptRoomParticipantsMax: 50,
  receiptIdsMax: 100,
  /** Push tokens of one person; one more forgets the one that was registered longest ago. */
  devicesPerPersonMax: 20,
  pageMax: 1_000_000,
  conversationPageSizeMax: 50,
  messagePageSizeMax: 100,
  syncMessagesDefault: 200,
  syncMessagesMax: 500,
  /** Of what the messages of one page say; one message always fits. */
  syncContentBytesMax: 1024 * 1024,
  /** More changed messages than this since a token: the answer is a reset. */
  syncChangesMax: 5000,
  syncTokenAgeMaxMs: 30 * 24 * 60 * 60 * 1000,
  syncResetConversations: 50,
  typingRepeatMs: 3000,
  typingLifetimeMs: 10_000,
  socketEventsPerSecond: 50,
  socketEventsBurst: 100,
  socketFloodCloseMs: 10_000,
  limitWindowMs: 60_000,
  breakGlassMinutesMax: 60,
  /** Bad tokens from one address, at one process. */
  failedTokensPerMinute: 1000,
} as const
