// Runs the official JavaScript SDK, unmodified, for the Python tests.
//
// One JSON object a line. On standard input:  {"id", "client", "command", "arguments"}
// On standard output, in the order things happen:
//   {"reply": id, "result": …}  or  {"reply": id, "error": {name, message, status, code, body}}
//   {"client", "event", "data"}  for every event of the SDK
// A process hosts any number of clients, named by the tests. "end" ends them all, so that the next
// test finds an empty process. The process itself ends with its standard input.

import { createInterface } from "node:readline";
import sdk from "@twilio/conversations";

const { Client, ContentTemplateVariable } = sdk;

// The SDK logs through the console; only this protocol may write to standard output.
console.log = console.info = console.debug = console.error;

const clients = new Map(); // name -> {client, conversations: Map by sid}
const pages = new Map(); // number -> a paginator that a test may turn over
let lastPage = 0;

function write(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

// What an application can see of the SDK's objects, as plain data.

const time = (date) => (date ? date.toISOString() : null);

function ofConversation(conversation) {
  return {
    sid: conversation.sid,
    uniqueName: conversation.uniqueName,
    friendlyName: conversation.friendlyName,
    attributes: conversation.attributes,
    createdBy: conversation.createdBy,
    status: conversation.status,
    state: conversation.state?.current ?? null,
    dateCreated: time(conversation.dateCreated),
    dateUpdated: time(conversation.dateUpdated),
    lastMessageIndex: conversation.lastMessage?.index ?? null,
    lastReadMessageIndex: conversation.lastReadMessageIndex,
    notificationLevel: conversation.notificationLevel,
    bindings: conversation.bindings,
  };
}

function ofMessage(message) {
  return {
    conversation: message.conversation.sid,
    sid: message.sid,
    index: message.index,
    author: message.author,
    participant: message.participantSid,
    type: message.type,
    contentSid: message.contentSid ?? null,
    body: message.body,
    subject: message.subject,
    attributes: message.attributes,
    lastUpdatedBy: message.lastUpdatedBy,
    dateCreated: time(message.dateCreated),
    dateUpdated: time(message.dateUpdated),
    media: (message.attachedMedia ?? []).map(ofMedia),
    delivery: ofDelivery(message.aggregatedDeliveryReceipt),
  };
}

function ofMedia(media) {
  return {
    sid: media.sid,
    filename: media.filename,
    contentType: media.contentType,
    size: media.size,
    category: media.category,
  };
}

function ofDelivery(receipt) {
  return (
    receipt && {
      total: receipt.total,
      sent: receipt.sent,
      delivered: receipt.delivered,
      read: receipt.read,
      undelivered: receipt.undelivered,
      failed: receipt.failed,
    }
  );
}

function ofParticipant(participant) {
  return {
    conversation: participant.conversation.sid,
    sid: participant.sid,
    identity: participant.identity,
    type: participant.type,
    attributes: participant.attributes,
    roleSid: participant.roleSid,
    isTyping: participant.isTyping,
    lastReadMessageIndex: participant.lastReadMessageIndex,
    lastReadTimestamp: time(participant.lastReadTimestamp),
    dateCreated: time(participant.dateCreated),
    dateUpdated: time(participant.dateUpdated),
    bindings: participant.bindings,
  };
}

function ofUser(user) {
  return {
    identity: user.identity,
    friendlyName: user.friendlyName,
    attributes: user.attributes,
    isOnline: user.isOnline,
    isNotifiable: user.isNotifiable,
    isSubscribed: user.isSubscribed,
  };
}

function ofPage(paginator, describe) {
  pages.set(++lastPage, { paginator, describe });
  return {
    page: lastPage,
    items: paginator.items.map(describe),
    hasNextPage: paginator.hasNextPage,
    hasPrevPage: paginator.hasPrevPage,
  };
}

function ofTemplate(template) {
  return {
    sid: template.sid,
    friendlyName: template.friendlyName,
    variables: template.variables.map(({ name, value }) => ({ name, value })),
    variants: Object.fromEntries(template.variants),
    dateCreated: time(template.dateCreated),
    dateUpdated: time(template.dateUpdated),
  };
}

const plain = (value) => value ?? null;
const copied = (value) => ({ ...value }); // the fields of a value class
const inside = (key, describe) => (value) => ({
  ...value,
  [key]: describe(value[key]),
});

const EVENTS = {
  stateChanged: plain,
  initialized: plain,
  initFailed: plain,
  connectionStateChanged: plain,
  connectionError: plain,
  tokenAboutToExpire: plain,
  tokenExpired: plain,
  pushNotification: plain,
  conversationAdded: ofConversation,
  conversationJoined: ofConversation,
  conversationLeft: ofConversation,
  conversationRemoved: ofConversation,
  conversationUpdated: inside("conversation", ofConversation),
  messageAdded: ofMessage,
  messageRemoved: ofMessage,
  messageUpdated: inside("message", ofMessage),
  participantJoined: ofParticipant,
  participantLeft: ofParticipant,
  participantUpdated: inside("participant", ofParticipant),
  typingStarted: ofParticipant,
  typingEnded: ofParticipant,
  userSubscribed: ofUser,
  userUnsubscribed: ofUser,
  userUpdated: inside("user", ofUser),
};

// The commands. The conversation and message that the arguments name are looked up before.

const COMMANDS = {
  nothing: () => null, // is answered when what was begun before is under way
  state: ({ client }) => ({
    connectionState: client.connectionState,
    version: client.version,
    reachabilityEnabled: client.reachabilityEnabled,
    user: ofUser(client.user),
  }),
  shutdown: ({ client }) => shutDown(client),
  updateToken: ({ client }, { token }) => client.updateToken(token).then(() => null),

  subscribedConversations: async ({ client }) =>
    ofPage(await client.getSubscribedConversations(), ofConversation),
  conversation: ({ conversation }) => ofConversation(conversation),
  conversationByUniqueName: async ({ client }, { uniqueName }) =>
    ofConversation(await client.getConversationByUniqueName(uniqueName)),
  peek: async ({ client }, { sid }) =>
    ofConversation(await client.peekConversationBySid(sid)),
  create: async ({ client, conversations }, options) => {
    const conversation = await client.createConversation(options);
    conversations.set(conversation.sid, conversation);
    return ofConversation(conversation);
  },
  join: async ({ conversation }) => ofConversation(await conversation.join()),
  leave: async ({ conversation }) => ofConversation(await conversation.leave()),
  delete: async ({ conversation }) => ofConversation(await conversation.delete()),
  setFriendlyName: async ({ conversation }, { value }) =>
    ofConversation(await conversation.updateFriendlyName(value)),
  setUniqueName: async ({ conversation }, { value }) =>
    ofConversation(await conversation.updateUniqueName(value)),
  setAttributes: async ({ conversation }, { value }) =>
    ofConversation(await conversation.updateAttributes(value)),
  setNotificationLevel: ({ conversation }, { value }) =>
    conversation.setUserNotificationLevel(value),
  typing: ({ conversation }) => conversation.typing(),

  participants: async ({ conversation }) =>
    (await conversation.getParticipants()).map(ofParticipant),
  add: ({ conversation }, { identity, attributes }) =>
    conversation.add(identity, attributes),
  addNonChat: ({ conversation }, { proxyAddress, address, attributes, binding }) =>
    conversation.addNonChatParticipant(proxyAddress, address, attributes, binding),
  removeParticipant: ({ conversation }, { participant }) =>
    conversation.removeParticipant(participant),
  setParticipantAttributes: async ({ conversation }, { participant, value }) => {
    const found = await conversation.getParticipantBySid(participant);
    return ofParticipant(await found.updateAttributes(value));
  },

  participantUser: async ({ conversation }, { identity }) =>
    ofUser(await (await conversation.getParticipantByIdentity(identity)).getUser()),

  send: ({ conversation }, { body, attributes, subject }) =>
    conversation.sendMessage(body, attributes, subject === undefined ? undefined : { subject }),
  sendMedia: ({ conversation }, { base64, contentType, filename, attributes }) =>
    conversation.sendMessage(
      { media: Buffer.from(base64, "base64"), contentType, filename },
      attributes,
    ),
  build: ({ conversation }, parts) => {
    const builder = conversation.prepareMessage();
    if (parts.body !== undefined) builder.setBody(parts.body);
    if (parts.subject !== undefined) builder.setSubject(parts.subject);
    if (parts.attributes !== undefined) builder.setAttributes(parts.attributes);
    for (const one of parts.media ?? []) builder.addMedia(toMedia(one));
    for (const one of parts.bodies ?? []) builder.setEmailBody(one.contentType, toMedia(one));
    for (const one of parts.histories ?? []) builder.setEmailHistory(one.contentType, toMedia(one));
    if (parts.contentSid !== undefined) {
      const variables = Object.entries(parts.variables ?? {});
      builder.setContentTemplate(
        parts.contentSid,
        variables.map(([name, value]) => new ContentTemplateVariable(name, value)),
      );
    }
    return builder.build().send();
  },
  message: ({ message }) => ofMessage(message),
  media: async ({ message }, { categories }) => {
    const media = message.getMediaByCategories(categories) ?? [];
    return Promise.all(media.map(async (one) => ({ ...ofMedia(one), base64: await bytesOf(one) })));
  },
  emailBody: async ({ message }, { contentType }) => {
    const media = message.getEmailBody(contentType);
    return media && { ...ofMedia(media), base64: await bytesOf(media) };
  },
  emailHistory: async ({ message }, { contentType }) => {
    const media = message.getEmailHistory(contentType);
    return media && { ...ofMedia(media), base64: await bytesOf(media) };
  },
  attachedMediaUrls: async ({ message }) =>
    Object.fromEntries(await message.getTemporaryContentUrlsForAttachedMedia()),
  mediaUrls: async ({ client }, { sids }) =>
    Object.fromEntries(await client.getTemporaryContentUrlsForMediaSids(sids)),
  contentTemplates: async ({ client }) => (await client.getContentTemplates()).map(ofTemplate),
  contentData: ({ message }) => message.getContentData(),
  receipts: async ({ message }) => (await message.getDetailedDeliveryReceipts()).map(copied),
  channelMetadata: async ({ message }) => {
    const metadata = await message.getChannelMetadata();
    return metadata && copied(metadata);
  },
  recipients: async ({ message }) => (await message.getMessageRecipients()).map(copied),
  recipientsOfAll: async ({ conversation }, { pageSize }) =>
    ofPage(await conversation.getMessageRecipients({ pageSize }), copied),
  messages: async ({ conversation }, { pageSize, anchor, direction }) =>
    ofPage(await conversation.getMessages(pageSize, anchor, direction), ofMessage),
  setBody: async ({ message }, { value }) => ofMessage(await message.updateBody(value)),
  setMessageAttributes: async ({ message }, { value }) =>
    ofMessage(await message.updateAttributes(value)),
  removeMessage: async ({ message }) => ofMessage(await message.remove()),

  setLastReadMessageIndex: ({ conversation }, { index }) =>
    conversation.updateLastReadMessageIndex(index),
  advanceLastReadMessageIndex: ({ conversation }, { index }) =>
    conversation.advanceLastReadMessageIndex(index),
  setAllMessagesRead: ({ conversation }) => conversation.setAllMessagesRead(),
  setAllMessagesUnread: ({ conversation }) => conversation.setAllMessagesUnread(),
  counts: async ({ conversation }) => ({
    unread: await conversation.getUnreadMessagesCount(),
    messages: await conversation.getMessagesCount(),
    participants: await conversation.getParticipantsCount(),
  }),

  user: async ({ client }, { identity }) => ofUser(await client.getUser(identity)),
  setUserFriendlyName: async ({ client }, { value }) =>
    ofUser(await client.user.updateFriendlyName(value)),
  setUserAttributes: async ({ client }, { value }) =>
    ofUser(await client.user.updateAttributes(value)),

  subscribedUsers: async ({ client }) => (await client.getSubscribedUsers()).map(ofUser),
  unsubscribeUser: async ({ client }, { identity }) => {
    const user = await client.getUser(identity);
    await user.unsubscribe();
    return ofUser(user);
  },

  registerPush: ({ client }, { channelType, token }) =>
    client.setPushRegistrationId(channelType, token),
  removePush: ({ client }, { channelType, token }) =>
    client.removePushRegistrations(channelType, token),
  parsePush: ({ client }, { payload }) => copied(client.parsePushNotification(payload)),
  handlePush: ({ client }, { payload }) => client.handlePushNotification(payload),

  nextPage: (_, { page }) => turn(page, "nextPage"),
  prevPage: (_, { page }) => turn(page, "prevPage"),
};

async function turn(number, direction) {
  const { paginator, describe } = pages.get(number);
  return ofPage(await paginator[direction](), describe);
}

function toMedia({ base64, contentType, filename }) {
  return { media: Buffer.from(base64, "base64"), contentType, filename };
}

async function bytesOf(media) {
  const answer = await fetch(await media.getContentTemporaryUrl());
  if (!answer.ok) {
    throw new Error(`HTTP ${answer.status} for ${media.sid}`);
  }
  return Buffer.from(await answer.arrayBuffer()).toString("base64");
}

async function end() {
  const ended = [...clients.values()];
  clients.clear();
  pages.clear();
  for (const { client } of ended) {
    client.removeAllListeners();
  }
  await Promise.all(ended.map(({ client }) => inTime(shutDown(client))));
}

// What the SDK is still loading when it is shut down fails, and nobody can handle that. So
// let it finish first.
async function shutDown(client) {
  await client.getSubscribedConversations().catch(() => null);
  await client.shutdown();
}

// A client that was never initialized does not end either.
function inTime(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("a client does not end")), 3000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function start(name, { token, uri, options }) {
  if (clients.has(name)) {
    throw new Error(`there is a client ${name} already`);
  }
  const conversations = new Map();
  const client = new Client(token, {
    Twilsock: { uri },
    retryPolicy: { min: 100, max: 1000, randomness: 0.2 },
    ...options,
  });
  for (const [event, describe] of Object.entries(EVENTS)) {
    client.on(event, (value) => {
      if (event === "conversationAdded") {
        conversations.set(value.sid, value);
      } else if (event === "conversationRemoved") {
        conversations.delete(value.sid);
      }
      write({ client: name, event, data: describe(value) });
    });
  }
  clients.set(name, { client, conversations });
}

async function found({ client, conversations }, { conversation: sid, message: index }) {
  if (sid === undefined) {
    return {};
  }
  const conversation = conversations.get(sid) ?? (await client.getConversationBySid(sid));
  conversations.set(sid, conversation);
  if (index === undefined) {
    return { conversation };
  }
  const { items } = await conversation.getMessages(1, index);
  const message = items.find((item) => item.index === index);
  if (message === undefined) {
    throw new Error(`${sid} has no message ${index}`);
  }
  return { conversation, message };
}

async function run({ client: name, command, arguments: given }) {
  if (command === "start") {
    return start(name, given);
  }
  if (command === "end") {
    return end();
  }
  const context = clients.get(name);
  if (context === undefined || !Object.hasOwn(COMMANDS, command)) {
    throw new Error(`no client ${name}, or no command ${command}`);
  }
  return COMMANDS[command]({ ...context, ...(await found(context, given)) }, given);
}

function ofError(error) {
  return {
    name: error?.name ?? null,
    message: String(error?.message ?? error),
    status: error?.status ?? null,
    code: error?.code ?? error?.body?.code ?? null,
    body: error?.body ?? null,
  };
}

// The tests decide whether a rejection that nobody handles is a failure (it ends Node by default).
process.on("unhandledRejection", (error) => {
  write({ client: null, event: "unhandledRejection", data: ofError(error) });
});

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
lines.on("line", async (line) => {
  const request = JSON.parse(line);
  try {
    write({ reply: request.id, result: plain(await run(request)) });
  } catch (error) {
    write({ reply: request.id, error: ofError(error) });
  }
});
lines.on("close", () => process.exit(0));
