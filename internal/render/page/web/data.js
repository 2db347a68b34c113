// The data blocks of the page: script elements with gzip in base64. encode.go writes them.

/** Unpacks all blocks of the document. Returns a map from their names to bytes, and removes the elements. */
export async function unpack() {
  const elements = [...document.querySelectorAll('script[type="application/gzip"]')];
  const blocks = await Promise.all(elements.map(async (e) => {
    const packed = fromBase64(e.textContent);
    e.remove();
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
    return [e.id.slice('data-'.length), new Uint8Array(await new Response(stream).arrayBuffer())];
  }));
  return new Map(blocks);
}

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const out = new Uint8Array(binary.length);
  for (let i = 0; i < out.length; i++) out[i] = binary.charCodeAt(i);
  return out;
}

/** Returns the value of a block in JSON. */
export function json(block) {
  return JSON.parse(new TextDecoder().decode(block));
}

/** Decodes count varints into an Int32Array. A missing column is all zeros. */
export function varints(block, count) {
  const out = new Int32Array(count);
  if (!block) return out;
  for (let i = 0, at = 0; i < count; i++) {
    let b = block[at++];
    let v = b & 0x7f;
    for (let shift = 7; b & 0x80; shift += 7) {
      b = block[at++];
      v |= (b & 0x7f) << shift;
    }
    out[i] = v;
  }
  return out;
}

/** Decodes a signed number in zigzag encoding. */
export function signed(v) {
  return (v >>> 1) ^ -(v & 1);
}
