# The house: one static library per folder of host/ and per room of shaders/. A folder sees the headers of the
# folders it may depend on and no others; tests/arrows checks the same table against the sources.
find_path(VULKAN_HEADERS vulkan/vulkan.h REQUIRED)
find_file(VOLK_SOURCE volk.c PATHS /usr/include REQUIRED)

# house_folder(NAME PATH [may include: FOLDER...])
set(HOUSE_FOLDERS "" CACHE INTERNAL "")
function(house_folder name path)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${path}/*.c)
  if(NOT sources)
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/${path} ${CMAKE_SOURCE_DIR}/host)
  foreach(folder IN LISTS ARGN)
    if(folder STREQUAL common)
      target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/shaders/common)
    else()
      target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/host/${folder})
    endif()
  endforeach()
  target_link_libraries(${name} PRIVATE cjson)
  set(HOUSE_FOLDERS ${HOUSE_FOLDERS} ${name} CACHE INTERNAL "")
endfunction()

house_folder(base     host/base)
house_folder(result   host/result  base)
house_folder(vk       host/vk      base)
house_folder(bench    host/bench   vk result base)
house_folder(model    host/model   base)
house_folder(cost     host/cost    model result base)
house_folder(select   host/select  cost model result base)
house_folder(emit     host/emit    select cost model result base)
house_folder(compare  host/compare result base)
house_folder(cli      host/cli     vk bench select cost model emit compare result base)

house_folder(common   shaders/common base)   # what two rooms or more share
file(GLOB rooms RELATIVE ${CMAKE_SOURCE_DIR}/shaders CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/shaders/*)
set(room_folders "")
foreach(room IN LISTS rooms)
  if(NOT room STREQUAL common)
    house_folder(room_${room} shaders/${room} common base)
    list(APPEND room_folders shaders/${room})
  endif()
endforeach()

add_shaders(spirv ${room_folders})
if(BUILD_TESTING)
  # The same table with the deliberately wrong kernels, for the test that the prover rejects them.
  add_shaders(spirv_with_broken ${room_folders} tests/broken)
endif()

file(GLOB contract CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/host/*.c)
list(REMOVE_ITEM contract ${CMAKE_SOURCE_DIR}/host/main.c)
add_library(contract STATIC ${contract} ${CMAKE_BINARY_DIR}/embedded_files.c)
target_include_directories(contract PRIVATE host host/base)
target_link_libraries(contract PRIVATE cjson)

if(TARGET vk)
  target_include_directories(vk PRIVATE ${VULKAN_HEADERS})
endif()

execute_process(COMMAND git describe --always --dirty WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  OUTPUT_VARIABLE GIT_VERSION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(TARGET bench)
  target_compile_definitions(bench PRIVATE VKPARETO_VERSION="${PROJECT_VERSION}" VKPARETO_GIT="${GIT_VERSION}")
endif()
if(TARGET cli)
  target_compile_definitions(cli PRIVATE VKPARETO_VERSION="${PROJECT_VERSION}")
endif()

# house_with_broken: with the wrong kernels among the shaders, for tests/broken.
if(BUILD_TESTING)
  add_library(house_with_broken INTERFACE)
  target_link_libraries(house_with_broken INTERFACE
  -Wl,--start-group ${HOUSE_FOLDERS} contract cjson spirv_with_broken -Wl,--end-group m dl)
endif()
add_library(house INTERFACE)
target_link_libraries(house INTERFACE -Wl,--start-group ${HOUSE_FOLDERS} contract cjson spirv -Wl,--end-group m dl)
