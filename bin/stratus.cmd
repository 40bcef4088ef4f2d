@echo off
rem The command line of the extension, on the editor's own Node.
setlocal
set ELECTRON_RUN_AS_NODE=1
if not defined STRATUS_NODE set STRATUS_NODE=node
set memory=--max-semi-space-size=16
if "%~1"=="watch" set memory=--max-semi-space-size=4 --heap-growing-percent=20
"%STRATUS_NODE%" %memory% "%~dp0..\dist\cli.cjs" %*
