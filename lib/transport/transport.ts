/**
 * What a port is to the rest of espline: a byte stream each way, two modem
 * lines and a speed, shaped like Web Serial's `SerialPort`.
 *
 * @module
 */

/** The modem lines that a reset circuit is wired to. `true` asserts a line (its pin goes low). */
export interface SerialSignals {
  /** Data Terminal Ready: pulls IO0 (the boot strap) low through the usual transistor pair. */
  readonly dtr?: boolean | undefined;
  /** Request To Send: pulls EN (the chip's reset) low through the usual transistor pair. */
  readonly rts?: boolean | undefined;
  /** Holds the transmit line low. */
  readonly break?: boolean | undefined;
}

/** Facts about a port that decide how a chip on it is reset. */
export interface TransportInfo {
  /** How the bytes travel. */
  readonly kind: "serial" | "tcp" | "rfc2217" | "memory";
  /**
   * What becomes of DTR and RTS: `together`, both change at the same moment
   * when set in one call; `separate`, one after the other; `none`, the port
   * has no modem lines and {@linkcode Transport.setSignals} does nothing.
   */
  readonly signals: "together" | "separate" | "none";
  /** USB vendor id of a local adapter, where known. */
  readonly usbVendorId?: number | undefined;
  /** USB product id of a local adapter, where known. */
  readonly usbProductId?: number | undefined;
  /** USB serial number of a local adapter, where it has one. */
  readonly usbSerialNumber?: string | undefined;
}

/** An open port. */
export interface Transport extends AsyncDisposable {
  /** The path or URL it was opened by, for messages and events. */
  readonly port: string;
  /** How it behaves. May become more exact once the port has been used. */
  readonly info: TransportInfo;
  /** The speed in force, in baud. */
  readonly baudRate: number;
  /**
   * Bytes from the device. Errors with a {@linkcode TransportError} (`port-gone`)
   * when the device vanishes; closes when {@linkcode close} is called.
   */
  readonly readable: ReadableStream<Uint8Array>;
  /** Bytes to the device. A write settles when the operating system has taken the bytes. */
  readonly writable: WritableStream<Uint8Array>;
  /**
   * Sets the lines that are named, and leaves the others.
   *
   * @throws {TransportError} `port-gone` or `port-closed`.
   */
  setSignals(signals: SerialSignals): Promise<void>;
  /**
   * Changes the line's speed.
   *
   * @param baudRate In baud; any integer that the driver accepts.
   * @throws {TransportError} `baud-unsupported` if the speed in force is over 3 % off.
   */
  setBaudRate(baudRate: number): Promise<void>;
  /**
   * Waits until every byte written has left for the device, and drops nothing.
   *
   * @throws {TransportError} `port-gone` or `port-closed`.
   */
  drain(): Promise<void>;
  /**
   * Drops bytes that wait below {@linkcode readable} (input) and below the
   * driver (output). Bytes already inside a stream's queue are the reader's.
   */
  flush(which?: "input" | "output" | "both"): Promise<void>;
  /** Closes the port; a pending read ends. Closing twice is harmless. */
  close(): Promise<void>;
}
