// The rows of x that a workgroup works on: some that share an adapter. GROUPED: from the list that group.comp made;
// else every row is a segment of its own. SEGMENT_BINDING names the buffer.
#ifndef ADAPTER_SEGMENT_GLSL
#define ADAPTER_SEGMENT_GLSL

layout(set = 0, binding = SEGMENT_BINDING) readonly buffer segment_buffer { uint segment_data[]; };

struct segment { uint adapter, first, count; };

#ifdef GROUPED
#define COLS ADAPTER_COLS

segment segment_load(uint i) {
  uint at = base[SEGMENT_BINDING] + 4 * i;
  return segment(segment_data[at], segment_data[at + 1], segment_data[at + 2]);
}

// Row c of a segment; past its end the last one again.
uint segment_row(segment s, uint c) {
  return segment_data[base[SEGMENT_BINDING] + 4 * p.segments + s.first + min(c, s.count - 1)];
}
#else
#define COLS 1

segment segment_load(uint i) { return segment(segment_data[base[SEGMENT_BINDING] + i], i, 1); }
uint segment_row(segment s, uint c) { return s.first; }
#endif

#endif
