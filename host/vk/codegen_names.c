/* The words of drivers for what their compilers did, each with where it was read. Who else uses a word means the same
 * by it, so no driver is asked for its name; a word that is not here travels on as it is. */
#include <math.h>
#include <string.h>

#include "gpu.h"

#define AT(member) offsetof(struct codegen, member)
static const struct word {
  const char *name;
  size_t at;
  const char *described;   /* only where its description has this; NULL: always */
  double scale;
} words[] = {
  /* RADV: radv_GetPipelineExecutableStatisticsKHR in Mesa's src/amd/vulkan, 22.3 to 25.0; amd in
   * src/util/shader_stats.xml since. Registers and spills are counted per subgroup, of which each invocation has its
   * lane. */
  {"VGPRs", AT(registers), NULL, 1},
  {"SGPRs", AT(scalar_registers), NULL, 1},
  {"Spilled VGPRs", AT(spills), NULL, 1},
  {"Spilled SGPRs", AT(spills), NULL, 1},
  {"Scratch size", AT(scratch), NULL, 1},
  {"LDS size", AT(shared), NULL, 1},
  {"Subgroups per SIMD", AT(occupancy), NULL, 1},
  /* turnip: adreno in src/util/shader_stats.xml; its code is counted in 32-bit words, RADV's under the same name in
   * bytes, and only the description tells. Its registers are vectors of four. */
  {"Registers used", AT(registers), NULL, 1},
  {"STP Count", AT(spills), NULL, 1},
  {"Max Waves Per Core", AT(occupancy), NULL, 1},
  {"Code size", AT(code), "dwords", 4},
  {"Code size", AT(code), NULL, 1},
  /* ANV: anv_GetPipelineExecutableStatisticsKHR in src/intel/vulkan to 25.0; genisa in src/util/shader_stats.xml
   * since. */
  {"Max live registers", AT(registers), NULL, 1},
  {"Spill Count", AT(spills), NULL, 1},
  {"Spills", AT(spills), NULL, 1},
  {"Scratch Memory Size", AT(scratch), NULL, 1},
  {"Workgroup Memory Size", AT(shared), NULL, 1},
  /* V3DV: videocore_vi in src/util/shader_stats.xml. */
  {"TMU Spills", AT(spills), NULL, 1},
  {"Spill Size", AT(scratch), NULL, 1},
  /* NVIDIA's driver documents none; these are the names that programs reading it look for (the Vulkan renderer of yuzu,
   * pipeline_statistics.cpp, and others). */
  {"Register Count", AT(registers), NULL, 1},
  {"Local Memory Size", AT(scratch), NULL, 1},
  {"Binary Size", AT(code), NULL, 1},
  /* AMDVLK: xgl's icd/api/vk_pipeline.cpp. */
  {"numUsedVgprs", AT(registers), NULL, 1},
  {"numUsedSgprs", AT(scalar_registers), NULL, 1},
  {"scratchMemUsageInBytes", AT(scratch), NULL, 1},
  {"ldsUsageSizeInBytes", AT(shared), NULL, 1},
};

void gpu_codegen_take(struct codegen *codegen, const char *name, const char *description, double value) {
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (strcmp(name, words[i].name) != 0) continue;
    if (words[i].described && !strstr(description, words[i].described)) continue;
    double *member = (double *)((char *)codegen + words[i].at);
    *member = (isnan(*member) ? 0 : *member) + words[i].scale * value;
    return;
  }
}
