@echo off
rem The command line of the extension, on the editor's own Node.
setlocal
set ELECTRON_RUN_AS_NODE=1
if not defined STRATUS_NODE set STRATUS_NODE=node
"%STRATUS_NODE%" --max-semi-space-size=16 "%~dp0..\dist\cli.cjs" %*
