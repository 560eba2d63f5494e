"""Image operations without style: conversion, color, resizing, joint upsampling, blending."""
