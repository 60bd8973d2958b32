# The fault-injecting layer, its manifest, and one ctest per fault: the methods of the class Faults in test_faults.py.
add_library(fault_layer MODULE ${CMAKE_CURRENT_LIST_DIR}/layer.c ${CMAKE_CURRENT_LIST_DIR}/faults.c
  ${CMAKE_CURRENT_LIST_DIR}/keep.c)
target_include_directories(fault_layer PRIVATE ${VULKAN_HEADERS})
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/faults/vkpareto_faults.json CONTENT "{
  \"file_format_version\": \"1.1.0\",
  \"layer\": {
    \"name\": \"VK_LAYER_VKPARETO_faults\",
    \"type\": \"GLOBAL\",
    \"library_path\": \"$<TARGET_FILE:fault_layer>\",
    \"api_version\": \"1.3.0\",
    \"implementation_version\": \"1\",
    \"description\": \"one fault at a time, for tests\"
  }
}
")
file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/test_faults.py faults REGEX "^    def test_")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/test_faults.py)
set(fault_environment ${environment} "VK_DRIVER_FILES=${LAVAPIPE_ICD}" "VK_ICD_FILENAMES=${LAVAPIPE_ICD}"
  "FAULT_LAYER=${CMAKE_BINARY_DIR}/faults")
foreach(fault IN LISTS faults)
  string(REGEX REPLACE "^ *def test_([a-z0-9_]+).*" "\\1" fault "${fault}")
  add_test(NAME faults.${fault} COMMAND ${PYTHON} ${CMAKE_CURRENT_LIST_DIR}/test_faults.py Faults.test_${fault}
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(faults.${fault} PROPERTIES LABELS faults TIMEOUT 900 ENVIRONMENT "${fault_environment}")
endforeach()
