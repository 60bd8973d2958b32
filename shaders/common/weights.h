/* The one number that C and GLSL share about the weight formats (layout.h, weights.glsl). */
#ifndef WEIGHTS_H
#define WEIGHTS_H

#define WEIGHTS_GROUP 32   /* elements that share a scale, and the padding of a row */

#endif
