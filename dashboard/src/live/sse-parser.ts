// Reads server-sent events from text that comes in pieces. The commander's first frame
// is an id alone (where the stream begins); parsers that hand out whole events only
// would swallow it, and with it the means to resume.

export interface StreamEvent {
  /** "message" where the server named none. */
  type: string;
  data: string;
}

export interface SseHandlers {
  onEvent(event: StreamEvent): void;
  /** The id to resume behind; called before the event that it belongs to. */
  onId(id: string): void;
}

export class SseParser {
  private readonly handlers: SseHandlers;
  private rest = '';
  private type = '';
  private id: string | undefined;
  private data: string[] = [];

  constructor(handlers: SseHandlers) {
    this.handlers = handlers;
  }

  feed(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.line(line.endsWith('\r') ? line.slice(0, -1) : line);
  }

  private line(line: string): void {
    if (line === '') {
      this.dispatch();
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment: the heartbeat
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.type = value;
    else if (field === 'data') this.data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.id = value;
  }

  private dispatch(): void {
    const { type, data, id } = this;
    this.type = '';
    this.data = [];
    this.id = undefined;
    if (id !== undefined) this.handlers.onId(id);
    if (data.length > 0) this.handlers.onEvent({ type: type || 'message', data: data.join('\n') });
  }
}
