# cJSON: compiled in from the distribution's source package where scripts/setup has fetched it, so that the
# binary needs no library beside it; else the shared one.
find_path(CJSON_SOURCE cJSON.c PATHS ${CMAKE_SOURCE_DIR}/third_party/cjson NO_DEFAULT_PATH)
if(CJSON_SOURCE)
  add_library(cjson STATIC ${CJSON_SOURCE}/cJSON.c)
  # The project includes <cjson/cJSON.h>; the source package keeps the header beside the source.
  file(COPY ${CJSON_SOURCE}/cJSON.h DESTINATION ${CMAKE_BINARY_DIR}/include/cjson)
  target_include_directories(cjson PUBLIC ${CMAKE_BINARY_DIR}/include)
  target_compile_options(cjson PRIVATE -w)
else()
  find_path(CJSON_INCLUDE cjson/cJSON.h REQUIRED)
  find_library(CJSON_LIBRARY cjson REQUIRED)
  add_library(cjson INTERFACE)
  target_include_directories(cjson INTERFACE ${CJSON_INCLUDE})
  target_link_libraries(cjson INTERFACE ${CJSON_LIBRARY})
endif()
