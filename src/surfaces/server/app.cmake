# SPDX-License-Identifier: MIT
# The browser application on its way into the program: its sources -> ui/dist (tools/ui build) -> each file compressed, in
# app/packed (tools/ui pack) -> one C++ file (pryx_embed --app). Each step runs when what it reads has changed; a step that
# leaves its output as it was stops there.
set(PRYX_APP "" CACHE STRING "The browser application: a folder with an index.html and all it needs; empty: built from ui/")
set(ui ${CMAKE_SOURCE_DIR}/ui)
set(app_built ${CMAKE_CURRENT_BINARY_DIR}/app/built)
set(app_packed ${CMAKE_CURRENT_BINARY_DIR}/app/packed)
set(embedded_app ${CMAKE_CURRENT_BINARY_DIR}/embedded_app.cpp)

if(NOT PRYX_APP)
  set(app ${ui}/dist)
  # What the application is made of, by name: listing node_modules takes seconds, and dist comes and goes.
  file(GLOB app_sources CONFIGURE_DEPENDS ${ui}/*.* ${ui}/.npmrc)
  file(GLOB_RECURSE app_tree CONFIGURE_DEPENDS ${ui}/src/* ${ui}/public/*)
  list(APPEND app_sources ${app_tree})
  list(FILTER app_sources EXCLUDE REGEX "(\\.test\\.tsx?|/src/api/schema\\.d\\.ts|\\.md)$")
  add_custom_command(OUTPUT ${app_built}
    COMMAND ${CMAKE_SOURCE_DIR}/tools/ui build --stamp ${app_built}
    DEPENDS ${app_sources} ${document} ${CMAKE_SOURCE_DIR}/tools/ui
    COMMENT "Building the browser application (ui/)" USES_TERMINAL VERBATIM)
else()
  set(app ${PRYX_APP})
  file(GLOB_RECURSE app_sources CONFIGURE_DEPENDS ${app}/*)
  add_custom_command(OUTPUT ${app_built}
    COMMAND ${CMAKE_COMMAND} -E touch ${app_built}
    DEPENDS ${app_sources} VERBATIM)
endif()

add_custom_command(OUTPUT ${app_packed}/app.json
  COMMAND ${CMAKE_SOURCE_DIR}/tools/ui pack ${app} ${app_packed}
  DEPENDS ${app_built} ${CMAKE_SOURCE_DIR}/tools/ui ${CMAKE_SOURCE_DIR}/api/build/pack_app.mjs
  COMMENT "Compressing the browser application" VERBATIM)
add_custom_command(OUTPUT ${embedded_app}
  COMMAND pryx_embed --app ${embedded_app} ${app_packed}
  DEPENDS pryx_embed ${app_packed}/app.json
  COMMENT "Embedding the browser application" VERBATIM)
