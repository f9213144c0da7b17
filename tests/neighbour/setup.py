"""Builds the neighbour as other packages build theirs: setuptools-golang, -buildmode=c-shared."""

from setuptools import Extension, setup

setup(
    name="neighbour",
    version="0",
    py_modules=[],
    ext_modules=[Extension("neighbour", ["neighbour.go"])],
    build_golang={"root": "neighbour"},
)
