#include <stdio.h>

#include "cli.h"
#include "error.h"
#include "kernel.h"

int cli_version(void) {
  printf("vkpareto %s, shaders compiled by %s\n", VKPARETO_VERSION, spirv_compiler);
  return EXIT_DONE;
}
