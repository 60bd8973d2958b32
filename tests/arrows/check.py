#!/usr/bin/env python3
"""Checks the house against the table of arrows: which folder may include which.

The table is read from cmake/house.cmake, where it also makes the include paths; the build alone would not notice a
relative include or a Vulkan header that the system provides. Prints one line per violation; exit status 1 if any.
"""
import re
import sys
from pathlib import Path

MAIN_LINES = 120
FILE_LINES = 450        # the house rule is about 400; this is where it is broken
CONTRACT = {"kernel.h", "caps.h", "codegen.h", "result.h"}
ROOM_CONTRACT = {"kernel.h", "caps.h"}
SOURCES = {".c", ".h", ".comp", ".glsl", ".py", ".sh"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
VULKAN_HEADER = re.compile(r"vulkan|volk", re.I)
SYSTEM_HEADER = re.compile(
    r"(unistd|fcntl|signal|poll|dlfcn|link|dirent|pthread|termios|glob|ftw|windows|io)\.h|sys/.*")
SYSTEM_FILE = re.compile(r"platform_\w+\.c")
VULKAN_NAME = re.compile(r"\b(Vk[A-Z]\w*|vk[A-Z]\w*\s*\(|VK_[A-Z]+_[A-Z]+\w*)")
VENDOR_ID = re.compile(r"\b0x(?:10de|1002|8086|13b5|5143|106b|1010|14e4|10005)\b|vendor_id\s*[!=]=|case\s+VENDOR", re.I)


def arrows(root):
    """Folder -> folders it may include, from the house_folder lines; rooms are added by the glob."""
    table = {}
    text = (root / "cmake/house.cmake").read_text()
    for path, may in re.findall(r"^house_folder\(\w+\s+(host/\w+|shaders/common)([^)]*)\)", text, re.M):
        table[path] = {f"host/{folder}" for folder in may.split()}
    for room in sorted((root / "shaders").iterdir()):
        if room.is_dir() and room.name != "common":
            table[f"shaders/{room.name}"] = {"host/base", "shaders/common"}
    return table


def cycle(table):
    """A folder that can reach itself, or None."""
    def reaches(start, at, seen):
        return any(n == start or (n not in seen and reaches(start, n, seen | {n})) for n in table.get(at, ()))
    return next((folder for folder in sorted(table) if reaches(folder, folder, set())), None)


def folder_of(root, path):
    parts = path.relative_to(root).parts
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def host_problems(root, table):
    headers = {}   # name -> folder; rooms do not see each other, so only what they all see needs a name of its own
    shared = [*sorted(root.glob("host/**/*.h")), *sorted(root.glob("shaders/common/*.h"))]
    for header in [*shared, *sorted(set(root.glob("shaders/**/*.h")) - set(shared))]:
        if headers.get(header.name, "shaders/room").startswith(("host", "shaders/common")):
            yield f"{header.relative_to(root)}: a second header of that name; includes name no folder, so rename it"
        headers.setdefault(header.name, folder_of(root, header))
    for path in sorted([*root.glob("host/**/*.[ch]"), *root.glob("shaders/**/*.[ch]")]):
        where, name, text = folder_of(root, path), path.relative_to(root), path.read_text()
        contract = ROOM_CONTRACT if where.startswith("shaders/") else CONTRACT
        may = table.get(where, {"host/base"} | ({"host/cli"} if path.name == "main.c" else set())) | {where}
        for bracket, included in INCLUDE.findall(text):
            if bracket == "<":
                if where != "host/vk" and VULKAN_HEADER.search(included):
                    yield f"{name}: includes <{included}>; only host/vk may see Vulkan"
                ours = where == "host/base" and SYSTEM_FILE.fullmatch(path.name)
                if SYSTEM_HEADER.fullmatch(included) and not ours:
                    yield f"{name}: includes <{included}>; what only one system has belongs in host/base/platform.h"
            elif "/" in included:
                yield f'{name}: includes "{included}"; includes name no folder'
            elif (path.parent / included).exists():
                continue
            elif included not in headers:
                yield f'{name}: includes "{included}", which is nowhere in the house'
            elif included not in contract and headers[included] not in may:
                yield f'{name}: includes "{included}" of {headers[included]}; cmake/house.cmake has no such arrow'
        if where == "host/vk":
            continue
        code = COMMENT.sub("", text)
        for pattern, what in ((VULKAN_NAME, "Vulkan name"), (VENDOR_ID, "vendor id")):
            for found in pattern.finditer(re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', code)):
                yield f"{name}: {what} {found.group(0)} outside host/vk"


def shader_problems(root):
    """A shader includes its own room and shaders/common."""
    for path in sorted([*root.glob("shaders/*/*.comp"), *root.glob("shaders/*/*.glsl")]):
        name, text = path.relative_to(root), path.read_text()
        for _, included in INCLUDE.findall(text):
            target = next((at for at in (path.parent / included, root / "shaders" / included) if at.exists()), None)
            if target is None:
                yield f"{name}: includes {included}, which is neither in its folder nor in shaders/"
            elif target.resolve().parent not in (path.parent.resolve(), (root / "shaders/common").resolve()):
                yield f"{name}: includes {included} of another room; what two rooms share belongs in shaders/common"
        for found in VENDOR_ID.finditer(COMMENT.sub("", text)):
            yield f"{name}: vendor id {found.group(0)} outside host/vk"


def size_problems(root):
    for top in ("host", "shaders", "tests", "scripts"):
        for path in sorted((root / top).rglob("*")):
            script = top == "scripts" and path.is_file() and not path.suffix
            if path.suffix not in SOURCES and not script:
                continue
            lines = len(path.read_text().splitlines())
            limit = MAIN_LINES if path == root / "host/main.c" else FILE_LINES
            if lines > limit:
                yield f"{path.relative_to(root)}: {lines} lines, at most {limit}; split it where there is a seam"


def problems(root):
    table = arrows(root)
    if not table.get("host/cli"):
        yield "cmake/house.cmake: no table of arrows found"
    around = cycle(table)
    if around:
        yield f"cmake/house.cmake: {around} can reach itself; no arrow points back"
    yield from host_problems(root, table)
    yield from shader_problems(root)
    yield from size_problems(root)


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    found = list(problems(root))
    print("\n".join(found) if found else "no arrow points back")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
