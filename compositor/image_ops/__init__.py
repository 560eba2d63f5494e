"""Image operations that know nothing of style: conversion, color, resizing, guided upsampling, blending."""
