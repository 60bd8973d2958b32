"""The checker of arrows must see each kind of violation in a house of three folders, and none in a clean one."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import check

CLEAN = {
    "cmake/house.cmake": "house_folder(base host/base)\nhouse_folder(vk host/vk base)\n"
                         "house_folder(cli host/cli vk base)\n",
    "host/kernel.h": "",
    "host/result.h": "",
    "host/main.c": '#include "verbs.h"\n',
    "host/base/text.h": "",
    "host/vk/gpu.h": '#include "kernel.h"\n',
    "host/vk/gpu.c": '#include <vulkan/vulkan.h>\n#include "gpu.h"\nint f(unsigned v) { return v == 0x10de; }\n',
    "host/cli/verbs.h": '#include "gpu.h"\n#include "text.h"\n/* prints VkResult as text, 0x10de too */\n',
    "shaders/matmul/matmul.c": '#include "kernel.h"\n#include "text.h"\n',
    "shaders/matmul/io.glsl": "",
    "shaders/common/half.glsl": "",
    "shaders/matmul/gemv.comp": '#include "io.glsl"\n#include "common/half.glsl"\n',
}


def found_in(changes):
    with tempfile.TemporaryDirectory() as folder:
        for path, text in {**CLEAN, **changes}.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return list(check.problems(Path(folder)))


class Arrows(unittest.TestCase):
    def one(self, changes, says):
        found = found_in(changes)
        self.assertEqual(len(found), 1, found)
        self.assertIn(says, found[0])

    def test_clean_house_has_no_problem(self):
        self.assertEqual(found_in({}), [])

    def test_arrow_that_points_back(self):
        self.one({"host/vk/gpu.c": '#include "verbs.h"\n'}, "no such arrow")

    def test_cycle_in_the_table(self):
        table = CLEAN["cmake/house.cmake"].replace("host/base)", "host/base cli)")
        self.one({"cmake/house.cmake": table}, "can reach itself")

    def test_room_that_sees_the_device(self):
        self.one({"shaders/matmul/matmul.c": '#include "gpu.h"\n'}, "no such arrow")

    def test_room_that_sees_results(self):
        self.one({"shaders/matmul/matmul.c": '#include "result.h"\n'}, "no such arrow")

    def test_include_with_a_folder(self):
        self.one({"host/cli/run.c": '#include "../vk/gpu.h"\n'}, "name no folder")

    def test_vulkan_outside_its_folder(self):
        self.one({"host/cli/run.c": "#include <volk.h>\n"}, "only host/vk")
        self.one({"host/cli/run.c": "void f(VkDevice d);\n"}, "Vulkan name")
        self.one({"host/cli/run.c": "int f(void) { return vkFoo (); }\n"}, "Vulkan name")

    def test_system_headers_outside_their_file(self):
        self.one({"host/cli/run.c": "#include <sys/socket.h>\n"}, "platform.h")
        self.one({"host/base/text.h": "#include <unistd.h>\n"}, "platform.h")
        self.one({"host/cli/platform_posix.c": "#include <poll.h>\n"}, "platform.h")
        self.assertEqual(found_in({"host/base/platform_posix.c": "#include <poll.h>\n#include <sys/wait.h>\n"}), [])

    def test_vendor_id_outside_its_folder(self):
        self.one({"host/cli/run.c": "int f(unsigned v) { return v == 0x1002; }\n"}, "vendor id")
        self.one({"shaders/matmul/matmul.c": "int f(struct caps *c) { return c->vendor_id == V; }\n"}, "vendor id")

    def test_shader_of_another_room(self):
        self.one({"shaders/moe/moe.comp": '#include "matmul/io.glsl"\n'}, "another room")

    def test_long_files(self):
        self.one({"host/main.c": "\n" * 121}, "121 lines")
        self.one({"shaders/matmul/io.glsl": "\n" * 451}, "451 lines")
        self.one({"scripts/setup": "\n" * 451}, "451 lines")

    def test_two_headers_of_one_name(self):
        self.one({"shaders/matmul/gpu.h": ""}, "second header")

    def test_rooms_share_the_headers_of_common(self):
        common = {"cmake/house.cmake": CLEAN["cmake/house.cmake"] + "house_folder(common shaders/common base)\n",
                  "shaders/common/layout.h": "", "shaders/moe/moe.c": '#include "layout.h"\n'}
        self.assertEqual(found_in(common), [])
        self.one({**common, "shaders/matmul/layout.h": ""}, "second header")
        self.one({**common, "shaders/common/layout.c": '#include "gpu.h"\n'}, "no such arrow")
        self.one({**common, "host/vk/gpu.c": '#include "layout.h"\n'}, "no such arrow")

    def test_rooms_may_name_their_headers_alike(self):
        rooms = {"shaders/matmul/room.h": "", "shaders/moe/room.h": "", "shaders/moe/moe.c": '#include "room.h"\n'}
        self.assertEqual(found_in(rooms), [])
        other = {"shaders/moe/other.h": "", "shaders/matmul/matmul.c": '#include "other.h"\n'}
        self.one({**rooms, **other}, "no such arrow")

    def test_house_without_a_table(self):
        self.assertTrue(any("no table" in line for line in found_in({"cmake/house.cmake": ""})))


if __name__ == "__main__":
    unittest.main()
