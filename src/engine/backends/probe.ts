/**
 * What graphics interfaces there are, asked without loading any of the code that would use them. A graphics interface
 * that the processor emulates is told by its name: it works, slowly, and is never chosen for being one.
 */
import { BackendError } from '#engine/backend';

export interface Found {
  readonly description: string;
  readonly software: boolean;
}

/** The WebGPU adapter. Rejects with BackendError('unavailable'). */
export async function requestAdapter(): Promise<GPUAdapter> {
  const { gpu } = navigator as { gpu?: GPU };
  if (!gpu) throw new BackendError('unavailable', 'This browser has no WebGPU.');
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (!adapter) throw new BackendError('unavailable', 'WebGPU finds no graphics adapter.');
  return adapter;
}

export async function probeWebgpu(): Promise<Found> {
  return describeAdapter((await requestAdapter()).info);
}

/** Throws BackendError('unavailable'). */
export function probeWebgl(): Found {
  const gl = typeof OffscreenCanvas === 'undefined' ? null : new OffscreenCanvas(1, 1).getContext('webgl2');
  if (!gl) throw new BackendError('unavailable', 'This browser has no WebGL 2.');
  const found = describeRenderer(gl);
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return found;
}

export function describeAdapter(info: GPUAdapterInfo): Found {
  const words = [info.vendor, info.architecture, info.description || info.device].filter(Boolean).join(' ');
  return found(words || 'unnamed adapter', info.isFallbackAdapter === true);
}

export function describeRenderer(gl: WebGL2RenderingContext): Found {
  const names = gl.getExtension('WEBGL_debug_renderer_info');
  return found(String(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER)), false);
}

function found(name: string, fallback: boolean): Found {
  const software = fallback || /swiftshader|llvmpipe|softpipe|lavapipe|basic render|software/i.test(name);
  return { description: software ? `${name} (software)` : name, software };
}
