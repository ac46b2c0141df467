"""Which files a program is made of, against what Python imports."""

import json
import subprocess
import sys
from pathlib import Path

import rich.table

from lamoo_compare.program import hashes
from lamoo_compare.target import import_object, program

FILES = {
    "task.py": "import flat, package.inner.deep as deep\nfrom package import named\nimport json\n",
    "flat.py": "from spaces.within import it\nimport cyclic\n",
    "cyclic.py": "import flat\n",
    "package/__init__.py": "named = 1\nfrom . import sibling\n",
    "package/sibling.py": "from .inner import deep\nfrom .inner.deep import *\n",
    "package/inner/__init__.py": "",
    "package/inner/deep.py": "from .. import named\nfrom ..cousin import one\n",
    "package/cousin.py": "one = 1\n",
    "package/unused.py": "",
    "spaces/within.py": "it = 1\n",
    "unused.py": "import task\n",
}


def written(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder.resolve()


def test_the_files_of_a_program_are_those_that_python_imports(tmp_path):
    root = written(tmp_path, FILES)
    script = """if True:
        import json, pathlib, sys, task
        here = pathlib.Path.cwd()
        known = [getattr(module, "__file__", None) for module in sys.modules.values()]
        files = [pathlib.Path(file) for file in known if file]
        print(json.dumps(sorted(str(f.relative_to(here)) for f in files if f.is_relative_to(here))))
        """
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert list(hashes(root / "task.py", root)) == json.loads(done.stdout)


def test_an_import_inside_a_function_counts_and_what_cannot_be_read_does_no_harm(tmp_path):
    files = {"task.py": "def f():\n    import broken, absent\n", "broken.py": "def ("}
    root = written(tmp_path, files)
    assert list(hashes(root / "task.py", root)) == ["broken.py", "task.py"]


def test_a_hash_follows_the_content_and_nothing_else(tmp_path):
    one, other = (written(tmp_path / name, FILES) for name in ("one", "other"))
    before = hashes(one / "task.py", one)
    assert hashes(other / "task.py", other) == before
    (other / "spaces" / "within.py").write_text("it = 2\n")
    after = hashes(other / "task.py", other)
    assert {name for name in after if after[name] != before[name]} == {"spaces/within.py"}


def test_of_an_installed_package_only_its_own_files_count():
    found = program(rich.table)
    assert {Path(name).parts[0] for name in found} == {"rich"}
    assert {"rich/table.py", "rich/__init__.py", "rich/console.py"} <= set(found)


def test_a_file_and_a_module_of_the_same_program(tmp_path, monkeypatch):
    root = written(tmp_path, FILES | {"package/task.py": "from .cousin import one\nf = print\n"})
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", [str(root), *sys.path])
    monkeypatch.delitem(sys.modules, "package", raising=False)
    module, *_ = import_object("package.task:f", "objective")
    assert {"package/task.py", "package/cousin.py"} <= set(program(module))
    for name in [name for name in sys.modules if name.partition(".")[0] == "package"]:
        monkeypatch.delitem(sys.modules, name)
